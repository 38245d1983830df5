// Hourly quotas for stored specs without a paid job: for each client, for each renter and in total.
#pragma once

#include <cstdint>
#include <string>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Bytes per hour. A spec without a job is deleted after SPEC_TTL, so at most `total` for each hour of
/// SPEC_TTL is stored.
struct SpecQuota {
    std::uint64_t client = 16U << 20;
    std::uint64_t renter =
        64U << 20;  ///< more than a client's, so that one client cannot use up the quota of a renter
    std::uint64_t total = 256U << 20;  ///< one client gets at most a sixteenth of the remaining total
};

/// Adds `bytes` to the three counters in the caller's transaction. If it throws, nothing is counted and
/// nothing may be stored.
/// @param client numeric address
/// @throws problem::Problem 429 `spec_quota_client`, `spec_quota_renter` or `spec_quota_total` with the
/// seconds to wait
void count_spec(store::Txn& txn, const SpecQuota& quota, const std::string& client, const Address& renter,
                std::uint64_t bytes);

}  // namespace lamda::gateway
