// SQL on attempts (dispatch.assignment). Every function runs inside the caller's transaction.
#pragma once

#include <optional>
#include <vector>

#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Records the current attempt of each job as sent.
void put_assignments(store::Txn& txn, const std::vector<const JobRow*>& jobs, Timestamp now);
/// A job whose current attempt is sent after a pause, by the database's clock.
struct WaitingAttempt {
    const JobRow* job;
    Millis pause;
};
/// Records the attempts as waiting.
void put_waiting(store::Txn& txn, const std::vector<WaitingAttempt>& attempts, Timestamp now);
/// Returns jobs created up to block `boundary` whose waiting attempt is due, oldest due time first.
std::vector<JobId> due_attempts(store::Txn& txn, BlockNum boundary, std::size_t most);
struct RetractedAttempt {
    JobId job;
    std::uint32_t attempt;
};
/// Voids these attempts and all earlier ones, where they were sent or waiting. Their retraction is owed until
/// the agent reports the end of the attempt.
void void_assignments(store::Txn& txn, const std::vector<RetractedAttempt>& attempts);

/// Records the status as the newest one of its attempt. Creates an unknown attempt as recovered. A final
/// status ends the debt of a retraction; any other status of a void attempt makes its retraction due.
void note_progress(store::Txn& txn, const wire::JobStatus& status, Timestamp now);

/// The current attempt of a job, sent and not ended.
struct ActiveAttempt {
    JobId job_id;
    std::uint32_t attempt;
    Address provider;
    wire::WorkState state;
    std::optional<std::uint32_t> time_limit_seconds;  ///< of the spec
    std::uint32_t last_seq;                           ///< of the newest status; 0: none
    std::uint64_t heartbeat_seq;                      ///< of the newest heartbeat in the registry; 0: none
};
/// Returns all active attempts, except those whose assignment is still in the outbox.
std::vector<ActiveAttempt> active_attempts(store::Txn& txn);
/// Returns the providers of active attempts.
std::vector<Address> providers_at_work(store::Txn& txn);

/// Returns those of the providers that have no active attempt and no owed retraction, and have been offline
/// for a week.
std::vector<Address> idle_providers(store::Txn& txn, const std::vector<Address>& providers);

/// Returns jobs with an open attempt, in the order of their ids, from the one that follows `after`.
std::vector<JobId> jobs_with_open_attempt(store::Txn& txn, const JobId& after, std::size_t most);
struct VoidAttempt {
    JobId job_id;
    std::uint32_t attempt;
    Address provider;
    bool superseded;  ///< the job has a newer attempt
    bool orphaned;    ///< the job's creation is orphaned
};
/// Returns each job's newest void attempt at each provider, of the last 30 days.
std::vector<VoidAttempt> recent_void_attempts(store::Txn& txn);
/// Ends the debt of retractions of attempts that are older than 30 days.
void drop_old_retractions(store::Txn& txn);
/// Returns void attempts whose retraction is to be sent again now: their agent is online, and has not
/// reported their end. Each is returned after growing pauses.
std::vector<VoidAttempt> take_owed_retractions(store::Txn& txn, std::size_t most);

}  // namespace lamda::dispatch
