// SQL on the journal of jobs (dispatch.job_event). Every function runs inside the caller's transaction.
#pragma once

#include <map>
#include <vector>

#include "services/job-dispatcher/jobs/journal_entry.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Shape for EncodedRows of the journal, and an encoder for an entry.
store::CopyShape journal_shape(store::Txn& txn);
void encode(store::RowWriter& out, const JobEvent& entry);
/// Encoder for use before the ids are reserved: the entry's id is deferred.
void encode_ahead(store::EncodedRows& out, const JobEvent& entry);

/// Reserves ascending ids for new entries. The caller has locked the rows of their jobs, so that later
/// entries of a job have higher ids.
std::vector<std::int64_t> reserve_entries(store::Txn& txn, std::size_t count);
/// Writes all entries, in order. Entries without an id get one.
void append_journal(store::Txn& txn, const std::vector<JobEvent*>& entries);
/// Writes entries in front of all existing ones: their ids are negative.
void prepend_journal(store::Txn& txn, std::vector<JobEvent>& entries);
/// Returns each job's entries in journal order.
std::map<JobId, std::vector<JobEvent>> read_journals(store::Txn& txn, const std::vector<JobId>& ids);
/// Flags every chain entry above the block as orphaned. Returns the affected jobs.
std::vector<JobId> orphan_above(store::Txn& txn, BlockNum block);
/// Returns the canonical chain entries of blocks first … last, in chain order.
std::vector<JobEvent> read_chain_entries(store::Txn& txn, BlockNum first, BlockNum last);
/// Flags these entries as orphaned.
void orphan(store::Txn& txn, const std::vector<std::int64_t>& entries);

}  // namespace lamda::dispatch
