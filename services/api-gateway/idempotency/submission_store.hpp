// SQL of gateway.submission_key: the salt of the first submission with an Idempotency-Key, stored for 24
// hours. Every function runs inside the caller's transaction.
#pragma once

#include <optional>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Request that a key is bound to.
struct KeyedSubmission {
    Bytes32 body;  ///< SHA-256
    Bytes32 salt;  ///< of the job's spec
};

/// Deletes at most 100 expired keys; skips locked rows.
void drop_expired_keys(store::Txn& txn);
/// Returns the salt of an unexpired key with this body (SHA-256); nullopt: none.
std::optional<Bytes32> read_salt(store::Txn& txn, const Bytes32& key, const Bytes32& body);
/// Returns the unexpired submission that the key is bound to; nullopt: none.
std::optional<KeyedSubmission> read_submission(store::Txn& txn, const Bytes32& key);
/// Binds the key for 24 hours, unless it is bound and unexpired. Returns the bound submission.
KeyedSubmission put_submission(store::Txn& txn, const Bytes32& key, const KeyedSubmission& submission);

}  // namespace lamda::gateway
