#include "services/api-gateway/access/spec_quota.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/client_address.hpp"
#include "http/message.hpp"

namespace lamda::gateway {

namespace {

/// Of what is left of the total, one client may have this part.
constexpr std::uint64_t kSharers = 16;

struct Holder {
    const char* code;
    const char* whose;
    std::string name;
    std::uint64_t most;
};

void refuse(const Holder& holder, store::Txn& txn) {
    const auto wait = txn.one(
                             "SELECT 1 + extract(epoch FROM date_trunc('hour', now()) + interval '1 hour' - "
                             "now())::int AS seconds")
                          .get<int>("seconds");
    http::Problem problem{429,
                          holder.code,
                          "",
                          fmt::format("{} may store {} bytes of job specs an hour; try again in {} s",
                                      holder.whose, holder.most, wait),
                          {}};
    problem.retry_after = wait;
    throw http::Problem(std::move(problem));
}

}  // namespace

void count_spec(store::Txn& txn, const SpecQuota& quota, const std::string& client, const Address& renter,
                std::uint64_t bytes) {
    // In this order for everybody, so that two who count do not wait for each other.
    const std::array<Holder, 3> holders = {
        Holder{"spec_quota_client", "one client address", "client " + http::address_unit(client),
               quota.client},
        Holder{"spec_quota_renter", "one renter", "renter " + renter.hex(), quota.renter},
        Holder{"spec_quota_total", "all clients together", "all", quota.total}};
    // Reading first: who is refused costs no write.
    std::array<std::uint64_t, 3> used{};
    for (std::size_t i = 0; i < holders.size(); ++i) {
        const auto row = txn.first(
            "SELECT bytes FROM gateway.spec_usage WHERE holder = $1 AND hour = date_trunc('hour', now())",
            {holders[i].name});
        used[i] = row ? row->get<std::uint64_t>("bytes") : 0;
        if (used[i] + bytes > holders[i].most) {
            refuse(holders[i], txn);
        }
    }
    // What is left for all is not left to one: a few clients cannot close the gateway for the others.
    const std::uint64_t left = quota.total - std::min(quota.total, used[2] - std::min(used[2], used[0]));
    if (used[0] + bytes > left / kSharers) {
        refuse(holders[2], txn);
    }
    for (const Holder& holder : holders) {
        const auto now_used = txn.one(
            "INSERT INTO gateway.spec_usage AS u (holder, hour, bytes) VALUES ($1, date_trunc('hour', "
            "now()), $2) "
            "ON CONFLICT (holder, hour) DO UPDATE SET bytes = u.bytes + excluded.bytes RETURNING bytes",
            {holder.name, bytes});
        if (now_used.get<std::uint64_t>("bytes") > holder.most) {
            refuse(holder, txn);
        }
    }
    txn.exec(
        "DELETE FROM gateway.spec_usage WHERE (holder, hour) IN (SELECT holder, hour FROM gateway.spec_usage "
        "WHERE hour < now() - interval '2 hours' LIMIT 100 FOR UPDATE SKIP LOCKED)");
}

}  // namespace lamda::gateway
