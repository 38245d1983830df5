#include "projection.hpp"

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"

namespace lamda::reputation {

using contracts::job_manager::JobConfirmed;
using contracts::job_manager::JobCreated;
using contracts::node_reputation::JobCountIncremented;

void JobsProjection::apply(store::Txn& txn, const chain::Batch& batch, const pipeline::StreamState& state) {
    for (const auto& log : batch.logs) {
        if (const auto created = JobCreated::decode(log)) {
            txn.exec(
                "INSERT INTO reputation.job (job_id, provider, block_num) VALUES ($1, $2, $3) ON CONFLICT DO "
                "NOTHING",
                {created->job_id, created->provider, log.block_num});
        } else if (const auto confirmed = JobConfirmed::decode(log);
                   confirmed && (!from_block_ || log.block_num >= *from_block_)) {
            txn.exec(
                "INSERT INTO reputation.confirmation (job_id, block_num, block_hash, log_index, tx_hash) "
                "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                {confirmed->job_id, log.block_num, log.block_hash, log.log_index, log.tx_hash});
        }
    }
    caught_up_ = caught_up_ || state.caught_up;
}

void JobsProjection::unwind(store::Txn& txn, const chain::Unwind& unwind, const pipeline::StreamState&) {
    txn.exec("DELETE FROM reputation.confirmation WHERE block_num > $1", {unwind.to.number});
    txn.exec("DELETE FROM reputation.job WHERE block_num > $1", {unwind.to.number});
}

void JobsProjection::boundary(store::Txn&, const pipeline::StreamState& state) {
    caught_up_ = caught_up_ || state.caught_up;
}

void IncrementsProjection::apply(store::Txn& txn, const chain::Batch& batch,
                                 const pipeline::StreamState& state) {
    for (const auto& log : batch.logs) {
        if (const auto increment = JobCountIncremented::decode(log)) {
            txn.exec(
                "INSERT INTO reputation.increment (tx_hash, log_index, provider, new_count, block_num, "
                "block_hash) "
                "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                {log.tx_hash, log.log_index, increment->provider, increment->new_count, log.block_num,
                 log.block_hash});
        }
    }
    caught_up_ = caught_up_ || state.caught_up;
}

void IncrementsProjection::unwind(store::Txn& txn, const chain::Unwind& unwind,
                                  const pipeline::StreamState&) {
    txn.exec("DELETE FROM reputation.increment WHERE block_num > $1", {unwind.to.number});
}

void IncrementsProjection::boundary(store::Txn&, const pipeline::StreamState& state) {
    caught_up_ = caught_up_ || state.caught_up;
}

}  // namespace lamda::reputation
