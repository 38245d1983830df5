#include "services/api-gateway/access/byte_quota.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "problem/problem.hpp"
#include "services/api-gateway/access/quota_store.hpp"

namespace lamda::gateway {

namespace {

[[noreturn]] void refuse(const Quota& exceeded, const char* what, store::Txn& txn) {
    const int wait = seconds_to_next_hour(txn);
    problem::Problem problem{429,
                             exceeded.code,
                             "",
                             fmt::format("{} may store {} bytes of {} an hour; try again in {} s",
                                         exceeded.subject, exceeded.most, what, wait),
                             {}};
    problem.retry_after = wait;
    throw problem::Problem(std::move(problem));
}

}  // namespace

void count_bytes(store::Txn& txn, std::span<const Quota> quotas, const char* what, std::uint64_t sharers,
                 std::uint64_t bytes) {
    // Reads first, so that a refusal costs no write.
    std::vector<std::uint64_t> used;
    for (const Quota& quota : quotas) {
        used.push_back(read_usage(txn, quota.name));
        if (used.back() + bytes > quota.most) {
            refuse(quota, what, txn);
        }
    }
    const Quota& total = quotas.back();
    const std::uint64_t left =
        total.most - std::min(total.most, used.back() - std::min(used.back(), used.front()));
    if (used.front() + bytes > left / sharers) {
        refuse(total, what, txn);
    }
    for (const Quota& quota : quotas) {
        if (add_usage(txn, quota.name, bytes) > quota.most) {
            refuse(quota, what, txn);
        }
    }
    drop_old_usage(txn);
}

}  // namespace lamda::gateway
