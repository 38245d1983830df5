// SQL of gateway.spec_usage: bytes of stored specs for each holder and hour. Every function runs inside the
// caller's transaction.
#pragma once

#include <cstdint>
#include <string>

#include "store/database.hpp"

namespace lamda::gateway {

/// Returns the holder's bytes in the current hour; 0: none.
std::uint64_t read_usage(store::Txn& txn, const std::string& holder);
/// Adds bytes to the holder's current hour. Returns the new sum in bytes.
std::uint64_t add_usage(store::Txn& txn, const std::string& holder, std::uint64_t bytes);
/// Deletes at most 100 rows that are older than two hours; skips locked rows.
void drop_old_usage(store::Txn& txn);
/// Returns the seconds until the next hour begins, at least 1, by the database's clock.
int seconds_to_next_hour(store::Txn& txn);

}  // namespace lamda::gateway
