// SQL on commands that were executed, and their answers (dispatch.command). Every function runs inside the
// caller's transaction.
#pragma once

#include "services/job-dispatcher/bus/command_decision.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Reads what decide_command() needs. Locks the request id until the end of the transaction, so that a second
/// request with the same id finds the stored answer; locks the job's row if there is none.
CommandCase load_command(store::Txn& txn, const wire::Command& command, std::optional<Policy> policy);
/// Saves the effect and the answer. @throws ConstraintViolation if the request id has an answer
void save_command(store::Txn& txn, const wire::Command& command, const CommandEffect& effect, ChainId chain,
                  Timestamp now);
/// Deletes answers that were stored before this time.
void delete_answers(store::Txn& txn, Timestamp before);

}  // namespace lamda::dispatch
