#include "services/job-dispatcher/bus/statuses.hpp"

#include <map>

#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "services/job-dispatcher/jobs/spec_store.hpp"

namespace lamda::dispatch {

namespace {

using wire::ChainState;

/// True if statuses of the job must wait: not evaluated yet, and neither confirmed nor paid.
bool awaits_evaluation(const std::optional<JobRow>& row) {
    return !row || (!row->work_state && row->chain_state != ChainState::kConfirmed &&
                    row->chain_state != ChainState::kPaid);
}

/// Limits of early statuses: of one provider, and of all providers that are not registered.
constexpr EarlyLimits kEarlyLimits{.of_provider = 200, .in_total = 1'000};

/// Adds one status to a write. @returns true if it changed or journalled anything
bool put_status(store::Txn& txn, JobWrite& write, const ReceivedStatus& received, const Policy& policy,
                Timestamp now) {
    const auto& status = received.status;
    if (has_status_entry(txn, status.job_id, status.attempt, status.seq)) {
        return false;
    }
    const auto row = present(write);
    const auto known = read_attempt(txn, status.job_id, status.attempt);
    JobTransition transition = on_status(*row, status, known, received.recovering,
                                         received.recovering ? policy : policy_for(policy, write.spec), now);
    const bool refused = !transition.entries.empty() && transition.entries.back().refused_reason;
    const bool known_attempt = status.attempt <= row->attempt || !refused;
    if (known_attempt && !known.waiting && status.seq > known.last_seq) {
        note_progress(txn, status, now);
    }
    const bool something = !transition.nothing();
    write.add(std::move(transition));
    return something;
}

}  // namespace

std::string_view to_string(StatusOutcome outcome) {
    switch (outcome) {
        case StatusOutcome::kApplied:
            return "applied";
        case StatusOutcome::kUnchanged:
            return "unchanged";
        case StatusOutcome::kEarly:
            return "early";
        case StatusOutcome::kNoRoom:
            return "no_room";
        case StatusOutcome::kWrongProvider:
            return "wrong_provider";
    }
    return "";
}

std::optional<JobRow> present(const JobWrite& write) {
    auto row = write.before;
    for (const auto& entry : write.entries) {
        apply_event(row, entry);
    }
    return row;
}

Policy policy_for(const Policy& policy, const std::optional<wire::JobSpec>& spec) {
    Policy out = policy;
    out.max_attempts = spec ? policy.max_attempts : 0;
    return out;
}

void end_without_spec(JobWrite& write, const Policy& policy, Timestamp now) {
    if (write.send_attempt && !write.spec) {
        write.send_attempt = false;
        write.add(on_silence(*present(write), "the job spec is no longer stored",
                             policy_for(policy, write.spec), now));
    }
}

StatusOutcome take_status(store::Txn& txn, const ReceivedStatus& received, const Policy& policy,
                          bool caught_up, Timestamp now) {
    const JobId id = received.status.job_id;
    auto rows = lock_jobs(txn, {id});
    const auto found = rows.find(id);
    std::optional<JobRow> row;
    if (found != rows.end()) {
        row = found->second;
        if (row->provider != received.status.provider) {
            return StatusOutcome::kWrongProvider;
        }
    }
    if (awaits_evaluation(row)) {
        // Statuses of a former database all arrive before their jobs.
        if (!row && !received.recovering &&
            !has_room_for_early(txn, received.status.provider, kEarlyLimits)) {
            return StatusOutcome::kNoRoom;
        }
        put_early_status(txn, received);
        return StatusOutcome::kEarly;
    }
    std::vector<JobWrite> writes(1);
    writes[0].before = row;
    const auto specs = read_specs(txn, {id});
    writes[0].spec = read_spec(specs.contains(id) ? std::optional(specs.at(id)) : std::nullopt).spec;
    if (!put_status(txn, writes[0], received, policy, now)) {
        return StatusOutcome::kUnchanged;
    }
    end_without_spec(writes[0], policy, now);
    if (writes[0].send_attempt && !caught_up) {
        throw Deferred();
    }
    write_jobs(txn, writes, policy.chain_id, now);
    return StatusOutcome::kApplied;
}

void absorb_early(store::Txn& txn, JobWrite& write, const Policy& policy, Timestamp now) {
    const auto row = present(write);
    if (!row) {
        return;
    }
    std::map<std::pair<std::uint32_t, std::uint32_t>, ReceivedStatus> ordered;
    for (auto& early : take_early_statuses(txn, row->id)) {
        if (early.status.provider == row->provider) {
            const std::pair key{early.status.attempt, early.status.seq};
            ordered.emplace(key, std::move(early));
        }
    }
    for (const auto& [key, received] : ordered) {
        put_status(txn, write, received, policy, now);
    }
    end_without_spec(write, policy, now);
}

}  // namespace lamda::dispatch
