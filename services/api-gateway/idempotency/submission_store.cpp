#include "services/api-gateway/idempotency/submission_store.hpp"

namespace lamda::gateway {

void drop_expired_keys(store::Txn& txn) {
    txn.exec(
        "DELETE FROM gateway.submission_key WHERE key IN (SELECT key FROM gateway.submission_key "
        "WHERE kept_until < now() LIMIT 100 FOR UPDATE SKIP LOCKED)");
}

std::optional<Bytes32> read_salt(store::Txn& txn, const Bytes32& key, const Bytes32& body) {
    const auto row = txn.first(
        "SELECT salt FROM gateway.submission_key WHERE key = $1::bytea AND body = $2::bytea AND "
        "kept_until > now()",
        {key, body});
    return row ? std::optional(row->get<Bytes32>("salt")) : std::nullopt;
}

std::optional<KeyedSubmission> read_submission(store::Txn& txn, const Bytes32& key) {
    const auto row = txn.first(
        "SELECT body, salt FROM gateway.submission_key WHERE key = $1::bytea AND kept_until > now()", {key});
    return row ? std::optional(KeyedSubmission{row->get<Bytes32>("body"), row->get<Bytes32>("salt")})
               : std::nullopt;
}

KeyedSubmission put_submission(store::Txn& txn, const Bytes32& key, const KeyedSubmission& submission) {
    const auto row = txn.one(
        "INSERT INTO gateway.submission_key AS k (key, body, salt, kept_until) "
        "VALUES ($1::bytea, $2::bytea, $3::bytea, now() + interval '24 hours') "
        "ON CONFLICT (key) DO UPDATE SET "
        "body = CASE WHEN k.kept_until < now() THEN excluded.body ELSE k.body END, "
        "salt = CASE WHEN k.kept_until < now() THEN excluded.salt ELSE k.salt END, "
        "kept_until = CASE WHEN k.kept_until < now() THEN excluded.kept_until ELSE k.kept_until END "
        "RETURNING body, salt",
        {key, submission.body, submission.salt});
    return {row.get<Bytes32>("body"), row.get<Bytes32>("salt")};
}

}  // namespace lamda::gateway
