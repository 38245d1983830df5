// Hourly quotas of stored bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "store/database.hpp"

namespace lamda::gateway {

struct Quota {
    const char* code;     ///< of the refusal
    const char* subject;  ///< whose quota it is, for people
    std::string name;     ///< of the counter
    std::uint64_t most;   ///< bytes per hour
};

/// Adds `bytes` to each counter in the caller's transaction. If it throws, nothing is counted and nothing may
/// be stored.
/// @param quotas first that of the client, last the total; the same order in all transactions, so that they
/// do not deadlock
/// @param what is stored, for people
/// @param sharers the client gets at most one part in so many of the remaining total, so that few clients
/// cannot use it up
/// @throws problem::Problem 429 with the quota's code and the seconds to wait
void count_bytes(store::Txn& txn, std::span<const Quota> quotas, const char* what, std::uint64_t sharers,
                 std::uint64_t bytes);

}  // namespace lamda::gateway
