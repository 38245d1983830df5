// SQL on job specs: stored ones, and those that a renter has attached to a job. Every function runs inside
// the caller's transaction.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Returns the canonical bytes of the jobs' specs, including attached specs. Skips jobs without a spec.
std::map<JobId, std::string> read_specs(store::Txn& txn, const std::vector<JobId>& ids);
/// Stores a spec of 2 to 65,536 bytes under its digest; renews the time of a stored one. Notifies
/// `lamda_spec`.
/// @throws StatementError for another size
void put_spec(store::Txn& txn, BytesView spec);

/// A stored spec that replaces the one named by the job's id.
struct AttachedSpec {
    JobId job_id;
    JobId spec_id;          ///< digest of the spec's canonical bytes
    std::string signature;  ///< of the renter, 65 bytes in hex
};
/// Attaches a spec to its job. Replaces the job's earlier attached spec.
void attach_spec(store::Txn& txn, const AttachedSpec& attached);
/// Deletes specs that were stored before this time and belong to no job.
void delete_unused_specs(store::Txn& txn, Timestamp before);

}  // namespace lamda::dispatch
