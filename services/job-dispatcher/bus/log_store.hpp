// SQL of kept container logs (dispatch.job_log). Every function runs inside the caller's transaction.
#pragma once

#include <vector>

#include "services/job-dispatcher/bus/logs.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Reads what decide_logs() needs to know of a batch.
LogsKnown load_logs(store::Txn& txn, const std::vector<ReceivedLog>& batch);
/// Stores the decision, without waiting for the disk: after a crash of the server the last moments may be
/// missing. Notifies kLogChannel.
void save_logs(store::Txn& txn, const LogsDecision& decision);
/// Deletes the oldest chunks that were received more than `keep` ago, at most `most`. @returns their number
std::size_t delete_old_logs(store::Txn& txn, Millis keep, std::size_t most);

}  // namespace lamda::dispatch
