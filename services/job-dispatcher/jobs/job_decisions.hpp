// Decides what changes a loaded job: evaluation, timeouts, due attempts. Each function returns the change to
// save. Pure functions, no I/O.
#pragma once

#include <optional>
#include <string>

#include "services/job-dispatcher/jobs/job_case.hpp"
#include "services/job-dispatcher/jobs/status_decision.hpp"

namespace lamda::dispatch {

/// Returns a policy without further attempts if the spec is unknown.
Policy policy_for(const Policy& policy, const std::optional<wire::JobSpec>& spec);
/// Ends the job if the attempt that `write` sends has no spec: it was lost with a former database.
void end_without_spec(JobWrite& write, const Policy& policy, Timestamp now);

/// Data for the evaluation of a job.
struct EvaluationCase {
    JobCase job;
    EarlyStatuses early;
    bool provider_reachable = false;  ///< registered, and its durables exist
};
/// Adds the early statuses, and evaluates the job if its block is at or below `boundary`.
JobWrite decide_evaluation(EvaluationCase found, BlockNum boundary, const Policy& policy, Timestamp now);

/// Sends the attempt whose pause is over.
JobWrite decide_due_attempt(const JobCase& job, const Policy& policy, Timestamp now);

/// An attempt that is over one of its limits.
struct OverdueAttempt {
    std::uint32_t attempt;
    std::string reason;  ///< for users
};
/// Ends the attempt if it is still the current one.
JobWrite decide_silence(const JobCase& job, const OverdueAttempt& overdue, const Policy& policy,
                        Timestamp now);

/// Notes a change of the provider's draining if the job waits for the provider.
JobWrite decide_drain(const JobCase& job, bool draining, Timestamp now);

/// Expires the job if it still waits for its spec.
JobWrite decide_spec_ttl(const JobCase& job, Timestamp now);

}  // namespace lamda::dispatch
