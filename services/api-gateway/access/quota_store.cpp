#include "services/api-gateway/access/quota_store.hpp"

namespace lamda::gateway {

std::uint64_t read_usage(store::Txn& txn, const std::string& holder) {
    const auto row = txn.first(
        "SELECT bytes FROM gateway.spec_usage WHERE holder = $1 AND hour = date_trunc('hour', now())",
        {holder});
    return row ? row->get<std::uint64_t>("bytes") : 0;
}

std::uint64_t add_usage(store::Txn& txn, const std::string& holder, std::uint64_t bytes) {
    return txn
        .one(
            "INSERT INTO gateway.spec_usage AS u (holder, hour, bytes) VALUES ($1, date_trunc('hour', "
            "now()), $2) "
            "ON CONFLICT (holder, hour) DO UPDATE SET bytes = u.bytes + excluded.bytes RETURNING bytes",
            {holder, bytes})
        .get<std::uint64_t>("bytes");
}

void drop_old_usage(store::Txn& txn) {
    txn.exec(
        "DELETE FROM gateway.spec_usage WHERE (holder, hour) IN (SELECT holder, hour FROM gateway.spec_usage "
        "WHERE hour < now() - interval '2 hours' LIMIT 100 FOR UPDATE SKIP LOCKED)");
}

int seconds_to_next_hour(store::Txn& txn) {
    return txn
        .one(
            "SELECT 1 + extract(epoch FROM date_trunc('hour', now()) + interval '1 hour' - "
            "now())::int AS seconds")
        .get<int>("seconds");
}

}  // namespace lamda::gateway
