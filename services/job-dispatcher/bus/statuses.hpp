// Applies a signed status to its job, or stores it until the job is evaluated.
#pragma once

#include <vector>

#include "services/job-dispatcher/bus/early_status_store.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"

namespace lamda::dispatch {

enum class StatusOutcome {
    kApplied,
    kUnchanged,     ///< a repetition, or progress
    kEarly,         ///< the job is not evaluated yet: stored
    kNoRoom,        ///< the job is unknown and the limit of stored early statuses is reached: dropped
    kWrongProvider  ///< the job belongs to another provider: refuse it
};
std::string_view to_string(StatusOutcome outcome);

/// The status requires a new attempt, and the stream has not caught up yet: roll back, retry later.
class Deferred : public std::runtime_error {
  public:
    Deferred() : std::runtime_error("no attempt is sent before the stream has caught up") {}
};

/// Applies or stores a status whose signature is verified. @throws Deferred
StatusOutcome take_status(store::Txn& txn, const ReceivedStatus& received, const Policy& policy,
                          bool caught_up, Timestamp now);

/// Adds the job's early statuses to the write: attempts and states of a rebuilt database. Does nothing if
/// there are none.
void absorb_early(store::Txn& txn, JobWrite& write, const Policy& policy, Timestamp now);

/// Returns `before` with the entries applied.
std::optional<JobRow> present(const JobWrite& write);
/// Ends the job if its next attempt cannot be sent because its spec was lost with a former database.
void end_without_spec(JobWrite& write, const Policy& policy, Timestamp now);
/// Returns a policy without further attempts if the spec is unknown.
Policy policy_for(const Policy& policy, const std::optional<wire::JobSpec>& spec);

}  // namespace lamda::dispatch
