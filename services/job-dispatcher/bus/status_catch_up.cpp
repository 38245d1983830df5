#include "services/job-dispatcher/bus/status_catch_up.hpp"

#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

std::optional<std::string> setting(store::Txn& txn, const char* name) {
    const auto row = txn.first("SELECT value FROM dispatch.setting WHERE name = $1", {name});
    return row ? std::optional(row->get<std::string>("value")) : std::nullopt;
}

void set(store::Txn& txn, const char* name, const std::string& value) {
    txn.exec("INSERT INTO dispatch.setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
             {name, value});
}

}  // namespace

StatusCatchUp::StatusCatchUp(store::Database& database) : database_(database) {}

void StatusCatchUp::begin(bus::Bus& bus) {
    const std::uint64_t last = bus.last_sequence(wire::kStatusStream);
    database_.transact([&](store::Txn& txn) {
        set(txn, "status_recover_until", std::to_string(last));
        if (setting(txn, "status_recover_until") == "0") {
            set(txn, "status_recovered", "true");
        }
        if (!setting(txn, "status_recovered")) {
            txn.exec("DELETE FROM dispatch.setting WHERE name = 'status_durable'");
        }
        set(txn, "status_durable", "dispatcher-" + random_id().substr(0, 8));
        durable_ = setting(txn, "status_durable").value();
        until_ = std::stoull(setting(txn, "status_recover_until").value());
        done_ = setting(txn, "status_recovered").has_value();
    });
}

void StatusCatchUp::finish() {
    database_.transact([](store::Txn& txn) { set(txn, "status_recovered", "true"); });
    done_ = true;
}

}  // namespace lamda::dispatch
