#include "services/job-dispatcher/ingest/projection.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include "pgingest/write_behind.hpp"
#include "services/job-dispatcher/ingest/bulk_load.hpp"
#include "services/job-dispatcher/ingest/prepared_batch.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "services/job-dispatcher/jobs/status_store.hpp"
#include "store/channels.hpp"

namespace lamda::dispatch {

namespace {

using wire::ChainState;

/// Limits memory: a JobWrite holds two rows and all new entries of its job, a few kilobytes.
constexpr std::size_t kFactsAtOnce = 5'000;

/// Returns the ids of the facts' jobs, ascending.
std::vector<JobId> ids_of(const std::vector<JobEvent>& facts) {
    std::vector<JobId> out;
    out.reserve(facts.size());
    std::transform(facts.begin(), facts.end(), std::back_inserter(out),
                   [](const JobEvent& fact) { return fact.job_id; });
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

/// Adds the jobs that have rows after these writes.
void add_known(const std::vector<JobWrite>& writes, std::unordered_set<JobId>& known) {
    for (const auto& write : writes) {
        if (write.after) {
            known.insert(write.after->id);
        }
    }
}

/// Adds the early statuses of jobs that these facts confirm or pay: the assignment loop skips such jobs, so
/// their work states are recovered here.
void recover_work(store::Txn& txn, std::vector<JobWrite>& writes, const Policy& policy, Timestamp now) {
    std::map<JobId, JobWrite*> settled;
    std::vector<JobId> ids;
    for (auto& write : writes) {
        const auto row = write.present();
        if (row && !row->work_state &&
            (row->chain_state == ChainState::kConfirmed || row->chain_state == ChainState::kPaid)) {
            settled.emplace(row->id, &write);
            ids.push_back(row->id);
        }
    }
    for (auto& [id, early] : take_early_statuses(txn, ids)) {
        JobWrite& write = *settled.at(id);
        add_early_statuses(write, std::move(early), policy, now);
        write.send_attempt = false;
    }
}

Policy require_policy(Deployment& deployment, store::Txn& txn) {
    const auto policy = deployment.policy(txn);
    if (!policy) {
        throw std::logic_error("batch before the stream is bound to a chain");
    }
    return *policy;
}

}  // namespace

JobProjection::JobProjection(store::Database& database, const JobFactSource& source, Deployment& deployment,
                             StreamProgress& progress, const Clock& clock, telemetry::Log log)
    : database_(database),
      source_(source),
      deployment_(deployment),
      progress_(progress),
      clock_(clock),
      log_(std::move(log)) {}

pgingest::Projection::PreparedApply JobProjection::prepare(const ingest::Batch& batch) {
    if (batch.logs.size() < pgingest::WriteBehind::kLarge) {
        return {};
    }
    const std::shared_ptr<PreparedBatch> prepared =
        PreparedBatch::of(read_entries(source_, batch), database_, clock_.now());
    if (!prepared) {
        return {};
    }
    return [this, prepared](store::Txn& txn, const ingest::Batch& same, const pgingest::StreamState& state) {
        if (row_exists_ || early_statuses_wait(txn)) {
            apply(txn, same, state);
            row_exists_ = false;
            return;
        }
        if (same.is_history) {
            begin_load(txn, log_);
        }
        const auto known = hold_jobs(txn, ids_of(prepared->rest()));
        try {
            prepared->write(txn);
        } catch (const PreparedBatch::RowExists& error) {
            row_exists_ = true;
            throw store::Conflict(error.what());  // retry with the existing rows
        }
        apply_facts(txn, prepared->rest(), known);
        advance(txn, same, state);
    };
}

void JobProjection::apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) {
    const auto facts = read_entries(source_, batch);
    apply_facts(txn, facts, hold_jobs(txn, ids_of(facts)));
    advance(txn, batch, state);
}

void JobProjection::advance(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) {
    const auto blocks = save_progress(txn, batch.to.number, state.boundary);
    if (!batch.is_history && blocks.indexes_left_out) {
        end_load(txn, Millis{0}, log_);
    }
    react(txn, blocks);
}

void JobProjection::react(store::Txn& txn, const NewlyFinal& blocks) {
    if (!on_final_.within || !on_final_.within(txn, blocks)) {
        txn.notify(store::kJobChannel);
    }
}

void JobProjection::apply_facts(store::Txn& txn, const std::vector<JobEvent>& facts,
                                std::unordered_set<JobId> known) {
    if (facts.empty()) {
        return;
    }
    const Policy policy = require_policy(deployment_, txn);
    const bool early = early_statuses_wait(txn);
    const std::span<const JobEvent> all(facts);
    for (std::size_t at = 0; at < all.size(); at += kFactsAtOnce) {
        const auto chunk = all.subspan(at, std::min(kFactsAtOnce, all.size() - at));
        add_known(apply_chunk(txn, chunk, known, early, policy), known);
    }
}

std::vector<JobWrite> JobProjection::apply_chunk(store::Txn& txn, std::span<const JobEvent> facts,
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
    std::vector<JobWrite> writes(place.size());
    for (auto& [id, row] : lock_jobs(txn, ids)) {
        writes[place.at(id)].before = std::move(row);
    }
    for (const auto& fact : facts) {
        writes[place.at(fact.job_id)].entries.push_back(fact);
    }
    if (early) {
        recover_work(txn, writes, policy, clock_.now());
    }
    write_jobs(txn, writes, policy.chain_id, clock_.now());
    return writes;
}

void JobProjection::unwind(store::Txn& txn, const ingest::Unwind& unwind,
                           const pgingest::StreamState& state) {
    const auto ids = orphan_above(txn, unwind.to.number);
    if (!ids.empty()) {
        const Policy policy = require_policy(deployment_, txn);
        const auto before = lock_jobs(txn, ids);
        auto journals = read_journals(txn, ids);
        std::vector<JobWrite> writes;
        for (const auto& [id, row] : before) {
            JobWrite& write = writes.emplace_back();
            write.before = row;
            write.after = fold(journals[id]);
            if (row.chain_state != ChainState::kAbsent && write.after->chain_state == ChainState::kAbsent) {
                write.retract = on_orphaned(row);
            }
        }
        write_jobs(txn, writes, policy.chain_id, clock_.now());
    }
    save_progress(txn, unwind.to.number, std::min(state.boundary, unwind.to.number));
    txn.notify(store::kJobChannel);
}

void JobProjection::reached_head() {
    progress_.set(true);
    if (on_final_.committed) {
        on_final_.committed();
    }
}

void JobProjection::boundary(store::Txn& txn, const pgingest::StreamState& state) {
    const auto blocks = save_boundary(txn, state.boundary);
    if (blocks.indexes_left_out) {
        end_load(txn, Millis{0}, log_);
    }
    react(txn, blocks);
}

}  // namespace lamda::dispatch
