#include "services/job-dispatcher/jobs/status_decision.hpp"

#include <algorithm>

#include "services/job-dispatcher/jobs/job_decisions.hpp"
#include "store/values.hpp"

namespace lamda::dispatch {

namespace {

using wire::ChainState;

/// True if statuses of the job must wait: not evaluated yet, and neither confirmed nor paid.
bool awaits_evaluation(const JobRow& row) {
    return !row.work_state && row.chain_state != ChainState::kConfirmed &&
           row.chain_state != ChainState::kPaid;
}

/// Adds the receipt of a status that sets the job's output; its entry names the fault of a wrong one. The
/// status is valid without the receipt.
void add_receipt(JobWrite& write, JobEvent& completed, const JobRow& row, const wire::JobStatus& status,
                 const Policy& policy) {
    if (row.output_file_cid || !status.receipt_signature) {
        return;
    }
    auto receipt = wire::receipt_of(status, write.spec, policy.chain_id, policy.job_manager);
    if (receipt) {
        write.receipt = std::move(*receipt);
    } else {
        completed.body.receipt_fault =
            store::storable(receipt.error().code + ": " + receipt.error().message, 1'024);
    }
}

/// True if the transition does nothing but journal a refusal.
bool only_refuses(const JobTransition& transition) {
    return transition.entries.size() == 1 && transition.entries.front().refused_reason &&
           !transition.send_attempt && !transition.retract;
}

/// Adds one status to the change, and to the history. @returns kApplied if it changed or journalled anything,
/// kUnchanged, or kUnrecorded
StatusOutcome add_status(JobWrite& write, StatusHistory& history, const ReceivedStatus& received,
                         const Policy& policy, Timestamp now) {
    const auto& status = received.status;
    if (history.in_journal.contains({status.attempt, status.seq})) {
        return StatusOutcome::kUnchanged;
    }
    const auto row = write.present();
    AttemptKnown& known = history.attempts[status.attempt];
    JobTransition transition = on_status(*row, status, known, received.recovering,
                                         received.recovering ? policy : policy_for(policy, write.spec), now);
    const bool refused = !transition.entries.empty() && transition.entries.back().refused_reason;
    const bool unfounded = status.error_code == wire::ErrorCode::kRetracted && !is_void(*row, status.attempt);
    const bool known_attempt = (status.attempt <= row->attempt && !unfounded) || !refused;
    if (known_attempt && !known.waiting && status.seq > known.last_seq) {
        write.progress.push_back(status);
        known.last_seq = status.seq;
    }
    if (only_refuses(transition) && ++history.refused > kMostRefused) {
        return StatusOutcome::kUnrecorded;
    }
    if (status.status == wire::StatusKind::kCompleted && !transition.entries.empty()) {
        add_receipt(write, transition.entries.back(), *row, status, policy);
    }
    const auto outcome = transition.nothing() ? StatusOutcome::kUnchanged : StatusOutcome::kApplied;
    write.add(std::move(transition));
    return outcome;
}

}  // namespace

std::string_view to_string(StatusOutcome outcome) {
    switch (outcome) {
        case StatusOutcome::kApplied:
            return "applied";
        case StatusOutcome::kUnchanged:
            return "unchanged";
        case StatusOutcome::kUnrecorded:
            return "unrecorded";
        case StatusOutcome::kEarly:
            return "early";
        case StatusOutcome::kNoRoom:
            return "no_room";
        case StatusOutcome::kWrongProvider:
            return "wrong_provider";
        case StatusOutcome::kDeferred:
            return "deferred";
    }
    return "";
}

StatusDecision decide_status(const StatusCase& found, const ReceivedStatus& received, const Policy& policy,
                             bool caught_up, Timestamp now) {
    if (found.row && found.row->provider != received.status.provider) {
        return {StatusOutcome::kWrongProvider, {}};
    }
    if (!found.row || awaits_evaluation(*found.row)) {
        return {found.has_room ? StatusOutcome::kEarly : StatusOutcome::kNoRoom, {}};
    }
    JobWrite write;
    write.before = found.row;
    write.spec = found.spec;
    StatusHistory history = found.history;
    if (const auto outcome = add_status(write, history, received, policy, now);
        outcome != StatusOutcome::kApplied) {
        return {outcome, std::move(write)};
    }
    end_without_spec(write, policy, now);
    if (write.send_attempt && !caught_up) {
        return {StatusOutcome::kDeferred, {}};
    }
    return {StatusOutcome::kApplied, std::move(write)};
}

void add_early_statuses(JobWrite& write, EarlyStatuses early, const Policy& policy, Timestamp now) {
    const auto row = write.present();
    if (!row) {
        return;
    }
    auto& statuses = early.statuses;
    const auto foreign = std::stable_partition(statuses.begin(), statuses.end(), [&](const auto& each) {
        return each.status.provider == row->provider;
    });
    for (auto each = foreign; each != statuses.end(); ++each) {
        write.refused.push_back({each->status.provider, std::move(each->body), kForeignJob});
    }
    statuses.erase(foreign, statuses.end());
    std::sort(statuses.begin(), statuses.end(), [](const auto& a, const auto& b) {
        return std::pair(a.status.attempt, a.status.seq) < std::pair(b.status.attempt, b.status.seq);
    });
    for (const auto& received : statuses) {
        add_status(write, early.history, received, policy, now);
    }
    end_without_spec(write, policy, now);
}

}  // namespace lamda::dispatch
