#include "services/reputation/ingest/journal_repair.hpp"

#include <algorithm>
#include <map>

#include "pgingest/log_diff.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ingest/projection.hpp"

namespace lamda::reputation {

namespace {

const auto kPlace = [](const auto& row) { return std::pair(row.block.number, row.log_index); };
const auto kSame = [](const auto& ours, const auto& theirs) { return ours == theirs; };
const auto kBlock = [](const auto& row) { return row.block; };

/// Stored rows and the second reading. Creations are compared without a log index: a job is created once.
struct ComparedJobs {
    std::vector<Confirmation> journal;
    JobLogs again;
    pgingest::LogDiff<Confirmation> confirmations;
    std::vector<Creation> missing;       ///< or stored with another provider
    std::vector<Creation> not_on_chain;  ///< in the blocks that were read

    ComparedJobs(store::Txn& txn, const ingest::RangeSnapshot& reading, std::optional<BlockNum> from_block)
        : journal(read_confirmations(txn, reading.first, reading.blocks.to.number)),
          again(job_logs_of(reading.blocks, from_block)),
          confirmations(pgingest::diff(journal, again.confirmations, kPlace, kSame)) {
        std::vector<JobId> created;
        for (const auto& creation : again.creations) {
            created.push_back(creation.job);
        }
        std::map<JobId, Creation> known;
        for (const auto& row : read_creations(txn, created, reading.first, reading.blocks.to.number)) {
            known.emplace(row.job, row);
        }
        for (const auto& creation : again.creations) {
            const auto row = known.extract(creation.job);
            if (row.empty() || row.mapped().provider != creation.provider) {
                missing.push_back(creation);
            }
        }
        for (const auto& [job, row] : known) {
            // A job from before the start block got its row from the contract, at its confirmation's block.
            if (std::none_of(again.confirmations.begin(), again.confirmations.end(),
                             [&](const auto& confirmation) { return confirmation.job == row.job; })) {
                not_on_chain.push_back(row);
            }
        }
    }
    ComparedJobs(const ComparedJobs&) = delete;  // the difference points into the rows
    ComparedJobs& operator=(const ComparedJobs&) = delete;
};

template <class Row>
std::vector<JobId> jobs_of(const std::vector<Row>& rows) {
    std::vector<JobId> out;
    for (const auto& row : rows) {
        out.push_back(row.job);
    }
    return out;
}

template <class Row>
std::vector<Row> values_of(const std::vector<const Row*>& rows) {
    std::vector<Row> out;
    for (const auto* row : rows) {
        out.push_back(*row);
    }
    return out;
}

struct ComparedIncrements {
    std::vector<Increment> journal;
    std::vector<Increment> again;
    pgingest::LogDiff<Increment> diff;

    ComparedIncrements(store::Txn& txn, const ingest::RangeSnapshot& reading)
        : journal(read_increments(txn, reading.first, reading.blocks.to.number)),
          again(increments_of(reading.blocks)),
          diff(pgingest::diff(journal, again, kPlace, kSame)) {}
    ComparedIncrements(const ComparedIncrements&) = delete;
    ComparedIncrements& operator=(const ComparedIncrements&) = delete;
};

}  // namespace

ingest::Differences JobsRepair::compare(store::Txn& txn, const ingest::RangeSnapshot& again) {
    const ComparedJobs compared(txn, again, from_block_);
    auto out = pgingest::differences(compared.confirmations, kPlace);
    for (const auto* side : {&compared.missing, &compared.not_on_chain}) {
        for (const auto& row : *side) {
            out.blocks.insert(row.block);
            ++out.logs;
        }
    }
    return out;
}

void JobsRepair::repair(store::Txn& txn, const ingest::RangeSnapshot& again) {
    const ComparedJobs compared(txn, again, from_block_);
    pgingest::require_same_blocks(compared.confirmations, again, kBlock);
    drop_creations(txn, jobs_of(compared.missing));
    drop_creations(txn, jobs_of(compared.not_on_chain));
    put_creations(txn, compared.missing);
    drop_confirmations(txn, jobs_of(values_of(compared.confirmations.to_drop)));
    put_confirmations(txn, values_of(compared.confirmations.to_add));
}

ingest::Differences IncrementsRepair::compare(store::Txn& txn, const ingest::RangeSnapshot& again) {
    return pgingest::differences(ComparedIncrements(txn, again).diff, kPlace);
}

void IncrementsRepair::repair(store::Txn& txn, const ingest::RangeSnapshot& again) {
    const ComparedIncrements compared(txn, again);
    pgingest::require_same_blocks(compared.diff, again, kBlock);
    drop_increments(txn, compared.diff.to_drop);
    put_increments(txn, values_of(compared.diff.to_add));
}

}  // namespace lamda::reputation
