#include "services/api-gateway/idempotency/answer_store.hpp"

namespace lamda::gateway {

bool lock_answer(store::Txn& txn, const Bytes32& name) {
    return txn
        .one(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('gateway.stored_answer' || $1::bytea::text, "
            "0)) AS taken",
            {name})
        .get<bool>("taken");
}

std::optional<StoredAnswer> read_answer(store::Txn& txn, const Bytes32& name) {
    const auto row = txn.first(
        "SELECT caller, request, sealed FROM gateway.stored_answer "
        "WHERE name = $1::bytea AND kept_until > now()",
        {name});
    return row ? std::optional(StoredAnswer{row->get<Bytes32>("caller"), row->get<Bytes32>("request"),
                                            row->get<Bytes>("sealed")})
               : std::nullopt;
}

std::size_t count_answers(store::Txn& txn, const Bytes32& caller, std::size_t most) {
    return static_cast<std::size_t>(
        txn.one("SELECT count(*) AS n FROM (SELECT 1 FROM gateway.stored_answer "
                "WHERE caller = $1::bytea AND kept_until > now() LIMIT $2::bigint) answers",
                {caller, static_cast<std::int64_t>(most)})
            .get<std::int64_t>("n"));
}

void put_answer(store::Txn& txn, const Bytes32& name, const StoredAnswer& answer, std::chrono::minutes kept) {
    txn.exec(
        "DELETE FROM gateway.stored_answer WHERE name IN (SELECT name FROM gateway.stored_answer "
        "WHERE kept_until < now() LIMIT 100 FOR UPDATE SKIP LOCKED)");
    txn.exec(
        "INSERT INTO gateway.stored_answer (name, caller, request, sealed, kept_until) "
        "VALUES ($1::bytea, $2::bytea, $3::bytea, $4::bytea, now() + make_interval(mins => $5)) "
        "ON CONFLICT (name) DO UPDATE SET caller = excluded.caller, request = excluded.request, "
        "sealed = excluded.sealed, kept_until = excluded.kept_until",
        {name, answer.caller, answer.request, answer.sealed, static_cast<int>(kept.count())});
}

}  // namespace lamda::gateway
