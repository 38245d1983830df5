// Takes a signed status to its job: load, decide, save, in the caller's transaction.
#pragma once

#include "services/job-dispatcher/jobs/status_decision.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Applies or stores a status whose signature is verified. For kDeferred, kNoRoom and kWrongProvider nothing
/// is saved.
StatusOutcome take_status(store::Txn& txn, const ReceivedStatus& received, const Policy& policy,
                          bool caught_up, Timestamp now);

}  // namespace lamda::dispatch
