#include "services/reputation/ingest/projection.hpp"

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"

namespace lamda::reputation {

using contracts::job_manager::JobConfirmed;
using contracts::job_manager::JobCreated;
using contracts::node_reputation::JobCountIncremented;

JobLogs job_logs_of(const ingest::Batch& batch, std::optional<BlockNum> from_block) {
    JobLogs out;
    for (const auto& log : batch.logs) {
        if (const auto created = JobCreated::decode(log)) {
            out.creations.push_back({created->job_id.as<JobId>(), created->provider, log.block_num});
        } else if (const auto confirmed = JobConfirmed::decode(log);
                   confirmed && (!from_block || log.block_num >= *from_block)) {
            out.confirmations.push_back(
                {confirmed->job_id.as<JobId>(), {log.block_num, log.block_hash}, log.log_index, log.tx_hash});
        }
    }
    return out;
}

std::vector<Increment> increments_of(const ingest::Batch& batch) {
    std::vector<Increment> out;
    for (const auto& log : batch.logs) {
        if (const auto counted = JobCountIncremented::decode(log)) {
            out.push_back({counted->provider,
                           counted->new_count,
                           {log.block_num, log.block_hash},
                           log.log_index,
                           log.tx_hash,
                           log.tx_index});
        }
    }
    return out;
}

void JobsProjection::apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState&) {
    const auto rows = job_logs_of(batch, from_block_);
    put_creations(txn, rows.creations);
    put_confirmations(txn, rows.confirmations);
}

void JobsProjection::unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState&) {
    drop_confirmations_above(txn, unwind.to.number);
    drop_creations_above(txn, unwind.to.number);
}

void IncrementsProjection::apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState&) {
    put_increments(txn, increments_of(batch));
}

void IncrementsProjection::unwind(store::Txn& txn, const ingest::Unwind& unwind,
                                  const pgingest::StreamState&) {
    drop_increments_above(txn, unwind.to.number);
}

}  // namespace lamda::reputation
