// Attempts that waited after a transient failure, and are due.
#pragma once

#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Puts the message of each into the outbox; how many. Jobs that another transaction holds are left for the
/// next call.
std::size_t send_due_attempts(store::Txn& txn, const Policy& policy, Timestamp now, std::size_t most);

}  // namespace lamda::dispatch
