#include "projection.hpp"

#include <algorithm>

#include "contracts/job_manager.hpp"
#include "job_store.hpp"
#include "statuses.hpp"

namespace lamda::dispatch {

namespace {

namespace jm = contracts::job_manager;
using wire::ChainState;

struct ToFact {
    JobEvent& event;
    void operator()(const jm::JobCreated& log) const {
        event.job_id = log.job_id.as<JobId>();
        event.fact = ChainFact::kCreated;
        event.body.renter = log.renter;
        event.body.provider = log.provider;
        event.body.amount = log.payment;
    }
    void operator()(const jm::JobConfirmed& log) const {
        event.job_id = log.job_id.as<JobId>();
        event.fact = ChainFact::kConfirmed;
    }
    void operator()(const jm::PaymentClaimed& log) const {
        event.job_id = log.job_id.as<JobId>();
        event.fact = ChainFact::kClaimed;
        event.body.provider = log.provider;
        event.body.amount = log.amount;
    }
};

std::vector<JobId> ids_of(const std::vector<JobEvent>& facts) {
    std::vector<JobId> out;
    out.reserve(facts.size());
    for (const auto& fact : facts) {
        out.push_back(fact.job_id);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Policy require_policy(Market& market, store::Txn& txn) {
    const auto policy = market.policy(txn);
    if (!policy) {
        throw std::logic_error("a batch came before the stream was bound to its chain");
    }
    return *policy;
}

}  // namespace

std::vector<JobEvent> facts_of(const chain::Batch& batch) {
    std::map<BlockNum, Timestamp> times;
    for (const auto& header : batch.headers) {
        times.emplace(header.ref.number, from_unix_seconds(header.timestamp));
    }
    std::vector<JobEvent> out;
    out.reserve(batch.logs.size());
    for (const auto& log : batch.logs) {
        const auto decoded = jm::decode_event(log);
        if (!decoded) {
            continue;
        }
        JobEvent event;
        std::visit(ToFact{event}, *decoded);
        const auto time = times.find(log.block_num);
        event.at = time == times.end() ? from_unix_seconds(batch.to_timestamp) : time->second;
        event.position = ChainPosition{{log.block_num, log.block_hash}, log.log_index, log.tx_hash};
        out.push_back(std::move(event));
    }
    return out;
}

JobProjection::JobProjection(Market& market, StreamProgress& progress, const Clock& clock)
    : market_(market), progress_(progress), clock_(clock) {}

void JobProjection::apply(store::Txn& txn, const chain::Batch& batch, const pipeline::StreamState& state) {
    auto facts = facts_of(batch);
    if (!facts.empty()) {
        const Policy policy = require_policy(market_, txn);
        const auto ids = ids_of(facts);
        const auto known = lock_jobs(txn, ids);
        std::map<JobId, std::size_t> place;
        std::vector<Change> changes;
        for (auto& fact : facts) {
            const auto [at, is_new] = place.emplace(fact.job_id, changes.size());
            if (is_new) {
                changes.emplace_back();
                const auto row = known.find(fact.job_id);
                changes.back().before = row == known.end() ? std::nullopt : std::optional(row->second);
            }
            changes[at->second].entries.push_back(std::move(fact));
        }
        if (early_statuses_wait(txn)) {
            // Nobody will judge a job that the chain shows as done: its work states come back here.
            for (auto& change : changes) {
                const auto row = present(change);
                if (row && !row->work_state &&
                    (row->chain_state == ChainState::kConfirmed || row->chain_state == ChainState::kPaid)) {
                    absorb_early(txn, change, policy, clock_.now());
                    change.send_attempt = false;
                }
            }
        }
        write_changes(txn, changes, policy.chain_id, clock_.now());
    }
    save_progress(txn, batch.to.number, state.boundary);
    progress_.set(state.boundary, state.caught_up);
    txn.notify(kWakeChannel);
}

void JobProjection::unwind(store::Txn& txn, const chain::Unwind& unwind, const pipeline::StreamState& state) {
    const auto ids = orphan_above(txn, unwind.to.number);
    if (!ids.empty()) {
        const Policy policy = require_policy(market_, txn);
        const auto before = lock_jobs(txn, ids);
        auto journals = read_journals(txn, ids);
        std::vector<Change> changes;
        for (const auto& [id, row] : before) {
            Change& change = changes.emplace_back();
            change.before = row;
            change.after = fold(journals[id]);
            if (row.chain_state != ChainState::kAbsent && change.after->chain_state == ChainState::kAbsent) {
                change.retract = on_orphaned(row);
            }
        }
        write_changes(txn, changes, policy.chain_id, clock_.now());
    }
    save_progress(txn, unwind.to.number, std::min(state.boundary, unwind.to.number));
    progress_.set(std::min(state.boundary, unwind.to.number), state.caught_up);
    txn.notify(kWakeChannel);
}

void JobProjection::boundary(store::Txn& txn, const pipeline::StreamState& state) {
    txn.exec("UPDATE dispatch.progress SET boundary = $1", {state.boundary});
    progress_.set(state.boundary, state.caught_up);
    txn.notify(kWakeChannel);
}

}  // namespace lamda::dispatch
