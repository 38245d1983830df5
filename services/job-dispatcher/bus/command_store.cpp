#include "services/job-dispatcher/bus/command_store.hpp"

namespace lamda::dispatch {

void lock_request(store::Txn& txn, const std::string& request_id) {
    txn.exec("SELECT pg_advisory_xact_lock(hashtextextended('dispatch.command:' || $1, 0))", {request_id});
}

std::optional<StoredAnswer> find_answer(store::Txn& txn, const std::string& request_id) {
    const auto row =
        txn.first("SELECT answer, asked FROM dispatch.command WHERE request_id = $1", {request_id});
    return row ? std::optional(StoredAnswer{row->get<std::string>("answer"), row->maybe<Bytes32>("asked")})
               : std::nullopt;
}

void put_answer(store::Txn& txn, const std::string& request_id, const StoredAnswer& stored) {
    txn.exec("INSERT INTO dispatch.command (request_id, answer, asked) VALUES ($1, $2, $3)",
             {request_id, stored.answer, stored.asked});
}

void delete_answers(store::Txn& txn, Timestamp before) {
    txn.exec("DELETE FROM dispatch.command WHERE at < $1", {before});
}

}  // namespace lamda::dispatch
