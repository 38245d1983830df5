// How much may be stored of specs that nobody has paid for: by client, by renter, and in all, for each hour.
#pragma once

#include <cstdint>
#include <string>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Bytes an hour. A spec that no job names leaves after SPEC_TTL, so at most `total` for each hour of it
/// stays.
struct SpecQuota {
    std::uint64_t client = 16U << 20;
    std::uint64_t renter =
        64U << 20;  ///< above a client's: a stranger who names the renter must not use it up
    std::uint64_t total = 256U << 20;  ///< one client gets a sixteenth of what is left of it at most
};

/// Counts `bytes` in the caller's transaction. Nothing is counted, and nothing may be stored, when it throws.
/// @param client numeric address
/// @throws http::Problem 429 `spec_quota_client`, `spec_quota_renter` or `spec_quota_total` with the seconds
/// to wait
void count_spec(store::Txn& txn, const SpecQuota& quota, const std::string& client, const Address& renter,
                std::uint64_t bytes);

}  // namespace lamda::gateway
