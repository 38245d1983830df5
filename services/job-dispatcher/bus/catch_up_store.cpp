#include "services/job-dispatcher/bus/catch_up_store.hpp"

namespace lamda::dispatch {

std::optional<std::string> read_setting(store::Txn& txn, std::string_view name) {
    const auto row = txn.first("SELECT value FROM dispatch.setting WHERE name = $1", {name});
    return row ? std::optional(row->get<std::string>("value")) : std::nullopt;
}

void put_setting(store::Txn& txn, std::string_view name, const std::string& value) {
    txn.exec("INSERT INTO dispatch.setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
             {name, value});
}

void delete_durable_setting(store::Txn& txn) {
    txn.exec("DELETE FROM dispatch.setting WHERE name = 'status_durable'");
}

}  // namespace lamda::dispatch
