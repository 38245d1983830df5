#include "services/node-registry/ingest/journal_repair.hpp"

#include "pgingest/log_diff.hpp"
#include "services/node-registry/ingest/node_store.hpp"
#include "services/node-registry/ingest/projection.hpp"

namespace lamda::registry {

namespace {

std::pair<BlockNum, std::uint64_t> place(const NodeEvent& event) {
    return {event.block.number, event.log_index};
}

/// Compares without the time, which comes from the header.
bool same(NodeEvent ours, const NodeEvent& theirs) {
    ours.at = theirs.at;
    return ours == theirs;
}

struct Compared {
    std::vector<NodeEvent> journal;
    std::vector<NodeEvent> again;
    pgingest::LogDiff<NodeEvent> diff;

    Compared(store::Txn& txn, const ingest::RangeSnapshot& reading)
        : journal(read_blocks(txn, reading.first, reading.blocks.to.number)),
          again(events_of(reading.blocks)),
          diff(pgingest::diff(journal, again, place, same)) {}
    Compared(const Compared&) = delete;  // diff points into the other two
    Compared& operator=(const Compared&) = delete;
};

}  // namespace

ingest::Differences JournalRepair::compare(store::Txn& txn, const ingest::RangeSnapshot& again) {
    return pgingest::differences(Compared(txn, again).diff, place);
}

void JournalRepair::repair(store::Txn& txn, const ingest::RangeSnapshot& again) {
    const Compared compared(txn, again);
    pgingest::require_same_blocks(compared.diff, again, [](const NodeEvent& event) { return event.block; });
    std::set<Address> providers;
    std::vector<NodeEvent> missing;
    missing.reserve(compared.diff.to_add.size());
    for (const auto* event : compared.diff.to_add) {
        missing.push_back(*event);
    }
    for (const auto* side : {&compared.diff.to_add, &compared.diff.to_drop}) {
        for (const auto* event : *side) {
            if (event->provider) {
                providers.insert(*event->provider);
            }
        }
    }
    orphan(txn, compared.diff.to_drop);
    append_journal(txn, missing);
    refold(txn, providers, clock_.now());
}

}  // namespace lamda::registry
