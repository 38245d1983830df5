// SQL on the rows of jobs (dispatch.job). Every function runs inside the caller's transaction.
#pragma once

#include <map>
#include <unordered_set>
#include <vector>

#include "services/job-dispatcher/jobs/job_fold.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Locks the jobs' rows in the order of their ids. Returns the ids that have a row.
std::unordered_set<JobId> hold_jobs(store::Txn& txn, const std::vector<JobId>& ids);
/// Returns the jobs' rows, locked in the order of their ids (no two transactions deadlock). Skips unknown
/// ids.
std::map<JobId, JobRow> lock_jobs(store::Txn& txn, const std::vector<JobId>& ids);
/// Like lock_jobs(), but skips rows that another transaction has locked.
std::map<JobId, JobRow> lock_free_jobs(store::Txn& txn, const std::vector<JobId>& ids);
/// Returns the job's row without a lock; nullopt if the job is unknown.
std::optional<JobRow> read_job(store::Txn& txn, const JobId& id);

/// Insert rows of new jobs, update rows of known jobs. Each row belongs to a different job.
void insert_jobs(store::Txn& txn, const std::vector<const JobRow*>& rows);
void update_jobs(store::Txn& txn, const std::vector<const JobRow*>& rows);

/// Shape for EncodedRows of jobs, and an encoder for a row.
store::CopyShape jobs_shape(store::Txn& txn);
void encode(store::RowWriter& out, const JobRow& row);
/// Encoder for use before the entries' ids are reserved: the row's last event is deferred.
void encode_ahead(store::EncodedRows& out, const JobRow& row);

/// Returns the number of jobs of each public status that at least one job has.
std::map<std::string, std::int64_t> count_jobs(store::Txn& txn);

}  // namespace lamda::dispatch
