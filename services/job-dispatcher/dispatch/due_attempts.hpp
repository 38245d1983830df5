// Sends attempts whose pause after a transient failure is over.
#pragma once

#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Puts their messages into the outbox; returns their number. Jobs that another transaction has locked wait
/// for the next call.
std::size_t send_due_attempts(store::Txn& txn, const Policy& policy, Timestamp now, std::size_t most);

}  // namespace lamda::dispatch
