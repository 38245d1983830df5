// SQL of gateway.stored_answer: sealed answers to requests with an Idempotency-Key, for a time.
// Every function runs inside the caller's transaction.
#pragma once

#include <chrono>
#include <optional>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

struct StoredAnswer {
    Bytes32 caller;   ///< SHA-256 of the caller's name
    Bytes32 request;  ///< SHA-256 of the request's body
    Bytes sealed;     ///< at most 64 KiB
};

/// Locks the name until the transaction ends. False: another transaction, also of another gateway, has it.
bool lock_answer(store::Txn& txn, const Bytes32& name);
/// The unexpired answer of this name.
std::optional<StoredAnswer> read_answer(store::Txn& txn, const Bytes32& name);
/// Number of the caller's unexpired answers, counted up to `most`.
std::size_t count_answers(store::Txn& txn, const Bytes32& caller, std::size_t most);
/// Stores the answer in place of an expired one, and deletes at most 100 expired ones.
void put_answer(store::Txn& txn, const Bytes32& name, const StoredAnswer& answer, std::chrono::minutes kept);

}  // namespace lamda::gateway
