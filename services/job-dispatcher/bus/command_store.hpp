// SQL on commands that were executed, and their answers (dispatch.command). Every function runs inside the
// caller's transaction.
#pragma once

#include <optional>
#include <string>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// The answer to a command that was executed.
struct StoredAnswer {
    std::string answer;
    std::optional<Bytes32> asked;  ///< digest of the command; absent in rows of older releases
};

/// Locks the request id until the end of the transaction. Waits for other transactions with the same id.
void lock_request(store::Txn& txn, const std::string& request_id);
/// Returns nullopt if no command with this request id was executed.
std::optional<StoredAnswer> find_answer(store::Txn& txn, const std::string& request_id);
/// Stores the answer. @throws ConstraintViolation if the request id has one
void put_answer(store::Txn& txn, const std::string& request_id, const StoredAnswer& stored);
/// Deletes answers that were stored before this time.
void delete_answers(store::Txn& txn, Timestamp before);

}  // namespace lamda::dispatch
