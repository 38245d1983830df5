// SQL of statuses: what the database knows of a job's statuses, and statuses that wait for the evaluation of
// their job (dispatch.early_status). Every function runs inside the caller's transaction.
#pragma once

#include <map>
#include <vector>

#include "services/job-dispatcher/jobs/status_decision.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Locks the status's job, and reads what decide_status() needs.
StatusCase load_status(store::Txn& txn, const ReceivedStatus& received);
/// Saves the decision: the job's change, or the early status.
void save_status(store::Txn& txn, const ReceivedStatus& received, StatusDecision decision, ChainId chain,
                 Timestamp now);

/// True if any early status is stored. Saves the look-up for each job.
bool early_statuses_wait(store::Txn& txn);
/// Returns evaluated, confirmed or paid jobs with early statuses: these were stored while another transaction
/// wrote the job's row.
std::vector<JobId> jobs_with_early_status(store::Txn& txn, std::size_t most);
/// Deletes the jobs' early statuses. Returns those that can be parsed; skips jobs without any. The caller has
/// locked the jobs.
std::map<JobId, EarlyStatuses> take_early_statuses(store::Txn& txn, const std::vector<JobId>& jobs);
/// Moves early statuses that were received before this time to the dead letters, at most so many.
void delete_early_statuses(store::Txn& txn, Timestamp before, std::size_t most);

}  // namespace lamda::dispatch
