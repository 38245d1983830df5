// The dispatcher's SQL on jobs: rows, journal, specs, attempts. Every function works inside the caller's
// transaction.
#pragma once

#include <map>
#include <set>
#include <unordered_set>
#include <vector>

#include "services/job-dispatcher/jobs/job_fold.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Locks the rows of any number of jobs, in the order of their ids. Those that there are.
std::unordered_set<JobId> hold_jobs(store::Txn& txn, const std::vector<JobId>& ids);
/// With their rows locked, in the order of their ids (no two transactions deadlock). Absent ones are left
/// out.
std::map<JobId, JobRow> lock_jobs(store::Txn& txn, const std::vector<JobId>& ids);
/// Those of them that no other transaction holds.
std::map<JobId, JobRow> lock_free_jobs(store::Txn& txn, const std::vector<JobId>& ids);

/// Rows of jobs that are new, and of those that are there; each of another job.
void insert_jobs(store::Txn& txn, const std::vector<const JobRow*>& rows);
void update_jobs(store::Txn& txn, const std::vector<const JobRow*>& rows);

/// What EncodedRows of the two tables are made with, and how each takes a row.
store::CopyShape jobs_shape(store::Txn& txn);
store::CopyShape journal_shape(store::Txn& txn);
void encode(store::RowWriter& out, const JobRow& row);
void encode(store::RowWriter& out, const JobEvent& entry);
/// The same before the ids are known: of the entry, and of the row's last event.
void encode_ahead(store::EncodedRows& out, const JobRow& row);
void encode_ahead(store::EncodedRows& out, const JobEvent& entry);

/// Ids for new entries, ascending. Whoever asks holds the rows of their jobs: what is written of a job later
/// has a higher id.
std::vector<std::int64_t> reserve_entries(store::Txn& txn, std::size_t count);
/// Gives each entry that has none its id, in their order, and writes them all.
void append_journal(store::Txn& txn, const std::vector<JobEvent*>& entries);
/// Of each job in the order of its journal.
std::map<JobId, std::vector<JobEvent>> read_journals(store::Txn& txn, const std::vector<JobId>& ids);
/// Flags every chain entry above the block; the jobs that lost one.
std::vector<JobId> orphan_above(store::Txn& txn, BlockNum block);
/// Canonical chain entries of the blocks first … last, in the order of the chain.
std::vector<JobEvent> read_chain_entries(store::Txn& txn, BlockNum first, BlockNum last);
/// Flags these entries.
void orphan(store::Txn& txn, const std::vector<std::int64_t>& entries);
/// Writes entries before all that there are: their ids are negative.
void prepend_journal(store::Txn& txn, std::vector<JobEvent>& entries);
/// Whether this status is in the journal already.
bool has_status_entry(store::Txn& txn, const JobId& job, std::uint32_t attempt, std::uint32_t seq);

/// Canonical bytes of the jobs' specs, attached ones included.
std::map<JobId, std::string> read_specs(store::Txn& txn, const std::vector<JobId>& ids);
/// Those of them that NodeReputation knows.
std::set<Address> registered(store::Txn& txn, const std::vector<Address>& providers);

/// The present attempt of each job is out.
void put_assignments(store::Txn& txn, const std::vector<const JobRow*>& jobs, Timestamp now);
/// The present attempt of each job leaves after a pause, by the database's clock.
struct WaitingAttempt {
    const JobRow* job;
    Millis pause;
};
void put_waiting(store::Txn& txn, const std::vector<WaitingAttempt>& attempts, Timestamp now);
/// Jobs whose waiting attempt is due and may leave: of blocks up to `boundary`. The longest due first.
std::vector<JobId> due_attempts(store::Txn& txn, BlockNum boundary, std::size_t most);
struct RetractedAttempt {
    JobId job;
    std::uint32_t attempt;
};
/// These attempts, and those before them, are void where they were out or waited.
void void_assignments(store::Txn& txn, const std::vector<RetractedAttempt>& attempts);

/// The stream's head and boundary, for readers of api.job.
void save_progress(store::Txn& txn, BlockNum head, BlockNum boundary);
/// 0 before the stream has begun.
BlockNum read_boundary(store::Txn& txn);

/// Whether the entry's row and journal tell the same: for tests and the operator.
std::optional<JobRow> read_job(store::Txn& txn, const JobId& id);

}  // namespace lamda::dispatch
