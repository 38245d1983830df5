// SQL on statuses that wait for the evaluation of their job (dispatch.early_status). Every function runs
// inside the caller's transaction.
#pragma once

#include <string>
#include <vector>

#include "store/database.hpp"
#include "wire/messages.hpp"

namespace lamda::dispatch {

/// A status and its age.
struct ReceivedStatus {
    wire::JobStatus status;
    std::string body;         ///< as received
    bool recovering = false;  ///< older than this database: the attempt may be unknown
};

/// Limits of stored early statuses.
struct EarlyLimits {
    std::int64_t of_provider;  ///< of one provider
    std::int64_t in_total;     ///< for providers that are not registered: of all providers
};
/// True if another early status of this provider is within the limits.
bool has_room_for_early(store::Txn& txn, const Address& provider, const EarlyLimits& limits);
/// Stores the status. Does nothing if it is stored already.
void put_early_status(store::Txn& txn, const ReceivedStatus& received);
/// True if any early status is stored. Saves the look-up for each job.
bool early_statuses_wait(store::Txn& txn);
/// Returns evaluated, confirmed or paid jobs with early statuses: these were stored while another transaction
/// wrote the job's row.
std::vector<JobId> jobs_with_early_status(store::Txn& txn, std::size_t most);
/// Deletes the job's early statuses; returns those that can be parsed, in no order.
std::vector<ReceivedStatus> take_early_statuses(store::Txn& txn, const JobId& job);
/// Deletes early statuses that were received before this time.
void delete_early_statuses(store::Txn& txn, Timestamp before);

}  // namespace lamda::dispatch
