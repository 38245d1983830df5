#include "projection.hpp"

#include <algorithm>
#include <unordered_map>

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

/// A change holds rows before and after and all that was said of the job: some kilobytes. So many at once
/// bound the memory, whatever the size of a batch.
constexpr std::size_t kLogsAtOnce = 5'000;

constexpr std::size_t kManyLogs = 500;

/// Of the jobs that the logs speak of: it is each event's first indexed argument.
std::vector<JobId> ids_of(std::span<const eth::Log> logs) {
    std::vector<JobId> out;
    out.reserve(logs.size());
    for (const auto& log : logs) {
        if (log.topics.size() > 1) {
            out.push_back(log.topics[1].as<JobId>());
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

/// Many creations and nothing else are those of new jobs, but after a reorg. To look for rows that are not
/// there would cost a tenth of writing them, and the primary key finds them as well.
bool only_creations(std::span<const eth::Log> logs) {
    return logs.size() >= kManyLogs && std::all_of(logs.begin(), logs.end(), [](const eth::Log& log) {
               return !log.topics.empty() && log.topics.front() == jm::JobCreated::topic();
           });
}

/// The changes' jobs have rows now.
void know(const std::vector<Change>& changes, std::unordered_set<JobId>& known) {
    for (const auto& change : changes) {
        if (change.after) {
            known.insert(change.after->id);
        }
    }
}

Policy require_policy(Market& market, store::Txn& txn) {
    const auto policy = market.policy(txn);
    if (!policy) {
        throw std::logic_error("a batch came before the stream was bound to its chain");
    }
    return *policy;
}

}  // namespace

std::vector<JobEvent> facts_of(const chain::Batch& batch, std::span<const eth::Log> logs) {
    std::vector<JobEvent> out;
    out.reserve(logs.size());
    auto header = batch.headers.begin();
    for (const auto& log : logs) {
        const auto decoded = jm::decode_event(log);
        if (!decoded) {
            continue;
        }
        JobEvent& event = out.emplace_back();
        std::visit(ToFact{event}, *decoded);
        header =
            std::lower_bound(header, batch.headers.end(), log.block_num,
                             [](const auto& known, BlockNum number) { return known.ref.number < number; });
        const bool known = header != batch.headers.end() && header->ref.number == log.block_num;
        event.at = from_unix_seconds(known ? header->timestamp : batch.to_timestamp);
        event.position = ChainPosition{{log.block_num, log.block_hash}, log.log_index, log.tx_hash};
    }
    return out;
}

JobProjection::JobProjection(Market& market, StreamProgress& progress, const Clock& clock)
    : market_(market), progress_(progress), clock_(clock) {}

void JobProjection::apply(store::Txn& txn, const chain::Batch& batch, const pipeline::StreamState& state) {
    if (!batch.logs.empty()) {
        const Policy policy = require_policy(market_, txn);
        const bool hope = !met_known_ && only_creations(batch.logs);
        std::unordered_set<JobId> known;
        if (!hope) {
            known = hold_jobs(txn, ids_of(batch.logs));
        }
        const bool early = early_statuses_wait(txn);
        const std::span<const eth::Log> logs(batch.logs);
        try {
            for (std::size_t at = 0; at < logs.size(); at += kLogsAtOnce) {
                auto facts = facts_of(batch, logs.subspan(at, std::min(kLogsAtOnce, logs.size() - at)));
                const auto changes = apply_facts(txn, std::move(facts), known, early, policy);
                if (at + kLogsAtOnce < logs.size()) {
                    know(changes, known);
                }
            }
        } catch (const store::ConstraintViolation& error) {
            if (!hope || error.constraint() != "job_pkey") {
                throw;
            }
            met_known_ = true;
            throw store::Conflict(error.what());  // once more, with the rows that there are
        }
        met_known_ = false;
    }
    save_progress(txn, batch.to.number, state.boundary);
    progress_.set(state.caught_up);
    txn.notify(kWakeChannel);
}

std::vector<Change> JobProjection::apply_facts(store::Txn& txn, std::vector<JobEvent> facts,
                                               const std::unordered_set<JobId>& known, bool early,
                                               const Policy& policy) {
    std::vector<JobId> ids;
    std::unordered_map<JobId, std::size_t> place;
    place.reserve(facts.size());
    for (const auto& fact : facts) {
        if (place.emplace(fact.job_id, place.size()).second && known.contains(fact.job_id)) {
            ids.push_back(fact.job_id);
        }
    }
    std::vector<Change> changes(place.size());
    for (auto& [id, row] : lock_jobs(txn, ids)) {
        changes[place.at(id)].before = std::move(row);
    }
    for (auto& fact : facts) {
        changes[place.at(fact.job_id)].entries.push_back(std::move(fact));
    }
    if (early) {
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
    return changes;
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
    progress_.set(state.caught_up);
    txn.notify(kWakeChannel);
}

void JobProjection::boundary(store::Txn& txn, const pipeline::StreamState& state) {
    txn.exec("UPDATE dispatch.progress SET boundary = $1", {state.boundary});
    progress_.set(state.caught_up);
    txn.notify(kWakeChannel);
}

}  // namespace lamda::dispatch
