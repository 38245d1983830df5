// The dispatcher's SQL on jobs: rows, journal, specs, attempts. Every function runs inside the caller's
// transaction.
#pragma once

#include <map>
#include <set>
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

/// Insert rows of new jobs, update rows of known jobs. Each row belongs to a different job.
void insert_jobs(store::Txn& txn, const std::vector<const JobRow*>& rows);
void update_jobs(store::Txn& txn, const std::vector<const JobRow*>& rows);

/// Shapes for EncodedRows of the two tables, and encoders for their rows.
store::CopyShape jobs_shape(store::Txn& txn);
store::CopyShape journal_shape(store::Txn& txn);
void encode(store::RowWriter& out, const JobRow& row);
void encode(store::RowWriter& out, const JobEvent& entry);
/// Encoders for use before the ids are reserved: the entry's id and the row's last event are deferred.
void encode_ahead(store::EncodedRows& out, const JobRow& row);
void encode_ahead(store::EncodedRows& out, const JobEvent& entry);

/// Reserves ascending ids for new entries. The caller has locked the rows of their jobs, so that later
/// entries of a job have higher ids.
std::vector<std::int64_t> reserve_entries(store::Txn& txn, std::size_t count);
/// Writes all entries, in order. Entries without an id get one.
void append_journal(store::Txn& txn, const std::vector<JobEvent*>& entries);
/// Returns each job's entries in journal order.
std::map<JobId, std::vector<JobEvent>> read_journals(store::Txn& txn, const std::vector<JobId>& ids);
/// Flags every chain entry above the block as orphaned. Returns the affected jobs.
std::vector<JobId> orphan_above(store::Txn& txn, BlockNum block);
/// Returns the canonical chain entries of blocks first … last, in chain order.
std::vector<JobEvent> read_chain_entries(store::Txn& txn, BlockNum first, BlockNum last);
/// Flags these entries as orphaned.
void orphan(store::Txn& txn, const std::vector<std::int64_t>& entries);
/// Writes entries in front of all existing ones: their ids are negative.
void prepend_journal(store::Txn& txn, std::vector<JobEvent>& entries);
/// True if this status is in the journal already.
bool has_status_entry(store::Txn& txn, const JobId& job, std::uint32_t attempt, std::uint32_t seq);

/// Returns the canonical bytes of the jobs' specs, including attached specs.
std::map<JobId, std::string> read_specs(store::Txn& txn, const std::vector<JobId>& ids);
/// Returns the subset of `providers` that is registered with NodeReputation.
std::set<Address> registered(store::Txn& txn, const std::vector<Address>& providers);

/// Records the current attempt of each job as sent.
void put_assignments(store::Txn& txn, const std::vector<const JobRow*>& jobs, Timestamp now);
/// A job whose current attempt is sent after a pause, by the database's clock.
struct WaitingAttempt {
    const JobRow* job;
    Millis pause;
};
void put_waiting(store::Txn& txn, const std::vector<WaitingAttempt>& attempts, Timestamp now);
/// Returns jobs created up to block `boundary` whose waiting attempt is due, oldest due time first.
std::vector<JobId> due_attempts(store::Txn& txn, BlockNum boundary, std::size_t most);
struct RetractedAttempt {
    JobId job;
    std::uint32_t attempt;
};
/// Voids these attempts and all earlier ones, where they were sent or waiting.
void void_assignments(store::Txn& txn, const std::vector<RetractedAttempt>& attempts);

/// Stores the stream's head and boundary, for readers of api.job.
void save_progress(store::Txn& txn, BlockNum head, BlockNum boundary);
/// Returns 0 before the stream's first batch.
BlockNum read_boundary(store::Txn& txn);

/// Returns the job's row without a lock; nullopt if the job is unknown.
std::optional<JobRow> read_job(store::Txn& txn, const JobId& id);

}  // namespace lamda::dispatch
