#include "services/api-gateway/access/spec_quota.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/client_address.hpp"
#include "http/message.hpp"
#include "services/api-gateway/access/quota_store.hpp"

namespace lamda::gateway {

namespace {

/// One client may use one part in kSharers of the remaining total.
constexpr std::uint64_t kSharers = 16;

struct Quota {
    const char* code;
    const char* subject;
    std::string name;
    std::uint64_t most;
};

void refuse(const Quota& exceeded, store::Txn& txn) {
    const int wait = seconds_to_next_hour(txn);
    problem::Problem problem{429,
                             exceeded.code,
                             "",
                             fmt::format("{} may store {} bytes of job specs an hour; try again in {} s",
                                         exceeded.subject, exceeded.most, wait),
                             {}};
    problem.retry_after = wait;
    throw problem::Problem(std::move(problem));
}

}  // namespace

void count_spec(store::Txn& txn, const SpecQuota& quota, const std::string& client, const Address& renter,
                std::uint64_t bytes) {
    // Always in this order, so that concurrent transactions do not deadlock.
    const std::array<Quota, 3> quotas = {
        Quota{"spec_quota_client", "one client address", "client " + http::address_unit(client),
              quota.client},
        Quota{"spec_quota_renter", "one renter", "renter " + renter.hex(), quota.renter},
        Quota{"spec_quota_total", "all clients together", "all", quota.total}};
    // Reads first, so that a refusal costs no write.
    std::array<std::uint64_t, 3> used{};
    for (std::size_t i = 0; i < quotas.size(); ++i) {
        used[i] = read_usage(txn, quotas[i].name);
        if (used[i] + bytes > quotas[i].most) {
            refuse(quotas[i], txn);
        }
    }
    // Limits one client to a part of the remaining total, so that few clients cannot use it up.
    const std::uint64_t left = quota.total - std::min(quota.total, used[2] - std::min(used[2], used[0]));
    if (used[0] + bytes > left / kSharers) {
        refuse(quotas[2], txn);
    }
    for (const Quota& limit : quotas) {
        if (add_usage(txn, limit.name, bytes) > limit.most) {
            refuse(limit, txn);
        }
    }
    drop_old_usage(txn);
}

}  // namespace lamda::gateway
