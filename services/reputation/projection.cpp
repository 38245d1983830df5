#include "projection.hpp"

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "store/values.hpp"

namespace lamda::reputation {

using contracts::job_manager::JobConfirmed;
using contracts::job_manager::JobCreated;
using contracts::node_reputation::JobCountIncremented;

namespace {

/// An event with the log that tells it.
template <class Event>
struct Told {
    Event event;
    const eth::Log* log;
};

/// One statement for any number of events.
void put_jobs(store::Txn& txn, const std::vector<Told<JobCreated>>& created) {
    if (created.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO reputation.job (job_id, provider, block_num) "
        "SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) ON CONFLICT DO NOTHING",
        {store::array_of(created, [](const auto& told) { return told.event.job_id; }),
         store::array_of(created, [](const auto& told) { return told.event.provider; }),
         store::array_of(created, [](const auto& told) { return told.log->block_num; })});
}

void put_confirmations(store::Txn& txn, const std::vector<Told<JobConfirmed>>& confirmed) {
    if (confirmed.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO reputation.confirmation (job_id, block_num, block_hash, log_index, tx_hash) "
        "SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[]) "
        "ON CONFLICT DO NOTHING",
        {store::array_of(confirmed, [](const auto& told) { return told.event.job_id; }),
         store::array_of(confirmed, [](const auto& told) { return told.log->block_num; }),
         store::array_of(confirmed, [](const auto& told) { return told.log->block_hash; }),
         store::array_of(confirmed, [](const auto& told) { return told.log->log_index; }),
         store::array_of(confirmed, [](const auto& told) { return told.log->tx_hash; })});
}

void put_increments(store::Txn& txn, const std::vector<Told<JobCountIncremented>>& counted) {
    if (counted.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO reputation.increment (tx_hash, log_index, provider, new_count, block_num, block_hash) "
        "SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::numeric[], $5::bigint[], "
        "$6::bytea[]) "
        "ON CONFLICT DO NOTHING",
        {store::array_of(counted, [](const auto& told) { return told.log->tx_hash; }),
         store::array_of(counted, [](const auto& told) { return told.log->log_index; }),
         store::array_of(counted, [](const auto& told) { return told.event.provider; }),
         store::array_of(counted, [](const auto& told) { return told.event.new_count; }),
         store::array_of(counted, [](const auto& told) { return told.log->block_num; }),
         store::array_of(counted, [](const auto& told) { return told.log->block_hash; })});
}

}  // namespace

void JobsProjection::apply(store::Txn& txn, const chain::Batch& batch, const pipeline::StreamState& state) {
    std::vector<Told<JobCreated>> jobs;
    std::vector<Told<JobConfirmed>> confirmations;
    for (const auto& log : batch.logs) {
        if (const auto created = JobCreated::decode(log)) {
            jobs.push_back({*created, &log});
        } else if (const auto confirmed = JobConfirmed::decode(log);
                   confirmed && (!from_block_ || log.block_num >= *from_block_)) {
            confirmations.push_back({*confirmed, &log});
        }
    }
    put_jobs(txn, jobs);
    put_confirmations(txn, confirmations);
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
    std::vector<Told<JobCountIncremented>> counted;
    for (const auto& log : batch.logs) {
        if (const auto increment = JobCountIncremented::decode(log)) {
            counted.push_back({*increment, &log});
        }
    }
    put_increments(txn, counted);
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
