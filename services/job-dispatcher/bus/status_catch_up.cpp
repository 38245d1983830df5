#include "services/job-dispatcher/bus/status_catch_up.hpp"

#include "services/job-dispatcher/bus/catch_up_store.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

StatusCatchUp::StatusCatchUp(store::Database& database) : database_(database) {}

void StatusCatchUp::begin(bus::Bus& bus) {
    const std::uint64_t last = bus.last_sequence(wire::kStatusStream);
    database_.transact([&](store::Txn& txn) {
        put_setting(txn, "status_recover_until", std::to_string(last));
        if (read_setting(txn, "status_recover_until") == "0") {
            put_setting(txn, "status_recovered", "true");
        }
        if (!read_setting(txn, "status_recovered")) {
            delete_durable_setting(txn);
        }
        put_setting(txn, "status_durable", "dispatcher-" + random_id().substr(0, 8));
        durable_ = read_setting(txn, "status_durable").value();
        until_ = std::stoull(read_setting(txn, "status_recover_until").value());
        done_ = read_setting(txn, "status_recovered").has_value();
    });
}

void StatusCatchUp::finish() {
    database_.transact([](store::Txn& txn) { put_setting(txn, "status_recovered", "true"); });
    done_ = true;
}

}  // namespace lamda::dispatch
