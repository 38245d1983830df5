#include "services/node-registry/ingest/projection.hpp"

#include <map>

#include "contracts/node_reputation.hpp"
#include "services/node-registry/ingest/node_events.hpp"
#include "store/channels.hpp"
#include "store/values.hpp"

namespace lamda::registry {

namespace {

namespace nr = contracts::node_reputation;

struct ToEvent {
    NodeEvent& event;
    void operator()(const nr::NodeRegistered& log) const {
        event.provider = log.provider;
        event.fact = NodeFact::kRegistered;
        event.gpu_model = store::storable(log.gpu_model);
        event.vram = log.vram;
    }
    void operator()(const nr::NodeHeartbeat& log) const {
        event.provider = log.provider;
        event.fact = NodeFact::kHeartbeat;
    }
    void operator()(const nr::JobCountIncremented& log) const {
        event.provider = log.provider;
        event.fact = NodeFact::kJobCounted;
        event.new_count = log.new_count;
    }
    void operator()(const nr::OwnershipTransferred& log) const {
        event.fact = NodeFact::kOwnershipTransferred;
        event.new_owner = log.new_owner;
    }
};

}  // namespace

std::vector<NodeEvent> events_of(const ingest::Batch& batch) {
    std::map<BlockNum, Timestamp> times;
    for (const auto& header : batch.headers) {
        times.emplace(header.ref.number, from_unix_seconds(header.timestamp));
    }
    std::vector<NodeEvent> out;
    out.reserve(batch.logs.size());
    for (const auto& log : batch.logs) {
        const auto decoded = nr::decode_event(log);
        if (!decoded) {
            continue;
        }
        NodeEvent event;
        std::visit(ToEvent{event}, *decoded);
        event.block = {log.block_num, log.block_hash};
        event.log_index = log.log_index;
        event.tx_hash = log.tx_hash;
        const auto time = times.find(log.block_num);
        event.at = time == times.end() ? from_unix_seconds(batch.to_timestamp) : time->second;
        out.push_back(std::move(event));
    }
    return out;
}

NodeProjection::NodeProjection(const Clock& clock, telemetry::Log log)
    : clock_(clock), log_(std::move(log)) {}

/// Any account can register with a model of any length: such an event is skipped and logged once.
void NodeProjection::warn_of_skipped(const ingest::Batch& batch) const {
    for (const auto& log : batch.logs) {
        if (const auto event = nr::decode_event(log); !event) {
            log_.warn("NodeReputation event skipped", {{"reason", event.error().message},
                                                       {"event", event.error().where},
                                                       {"block", log.block_num.value},
                                                       {"log_index", log.log_index},
                                                       {"tx", log.tx_hash.hex()}});
        }
    }
}

void NodeProjection::apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState&) {
    const auto events = events_of(batch);
    if (events.size() != batch.logs.size()) {
        warn_of_skipped(batch);
    }
    if (events.empty()) {
        return;
    }
    append_journal(txn, events);
    std::set<Address> providers;
    for (const auto& event : events) {
        if (event.provider) {
            providers.insert(*event.provider);
        } else {
            log_.warn("NodeReputation has a new owner: only the owner's wallet can raise counts",
                      {{"new_owner", event.new_owner.hex()}, {"block", event.block.number.value}});
        }
    }
    const auto known = read_nodes(txn, providers);
    std::map<Address, std::optional<NodeRow>> rows;
    for (const auto& provider : providers) {
        const auto row = known.find(provider);
        rows[provider] = row == known.end() ? std::nullopt : std::optional(row->second);
    }
    std::vector<FeedEvent> feed_events;
    for (const auto& event : events) {
        if (event.provider) {
            auto& row = rows[*event.provider];
            const auto before = row;
            apply_event(row, event);
            if (const auto change = visible_change(before, *row)) {
                feed_events.push_back({*row, *change, event.at, &event});
            }
        }
    }
    std::vector<NodeRow> changed;
    changed.reserve(rows.size());
    for (auto& [provider, row] : rows) {
        changed.push_back(std::move(*row));
    }
    save_nodes(txn, changed);
    put_feed_events(txn, feed_events, clock_.now());
    txn.notify(store::kNodeChannel);
}

void refold(store::Txn& txn, const std::set<Address>& providers, Timestamp now) {
    const auto before = read_nodes(txn, providers);
    const auto journals = read_journals(txn, providers);
    std::vector<NodeRow> folded;
    std::vector<Address> gone;
    for (const auto& provider : providers) {
        const auto journal = journals.find(provider);
        if (journal == journals.end()) {
            gone.push_back(provider);
        } else if (auto row = fold(journal->second)) {
            folded.push_back(std::move(*row));
        }
    }
    save_nodes(txn, folded);
    delete_nodes(txn, gone);
    const auto after = read_nodes(txn, providers);
    const auto row_of = [](const std::map<Address, NodeRow>& rows, const Address& provider) {
        const auto at = rows.find(provider);
        return at == rows.end() ? std::nullopt : std::optional(at->second);
    };
    std::vector<FeedEvent> feed_events;
    std::vector<Address> retracted;
    for (const auto& provider : providers) {
        if (auto event = refold_event(row_of(before, provider), row_of(after, provider), now)) {
            if (event->change == wire::NodeChange::kRetracted) {
                retracted.push_back(provider);
            }
            feed_events.push_back(std::move(*event));
        }
    }
    put_feed_events(txn, feed_events, now);
    // A retraction ends the presence in the feeds: a node that registers again is announced online again.
    forget_announced(txn, retracted);
    txn.notify(store::kNodeChannel);
}

void NodeProjection::unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState&) {
    refold(txn, orphan_above(txn, unwind.to.number), clock_.now());
}

void NodeProjection::boundary(store::Txn&, const pgingest::StreamState&) {}

}  // namespace lamda::registry
