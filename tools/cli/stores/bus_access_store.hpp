// Providers' access to a bus with logins by key, through schema api.
#pragma once

#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "store/database.hpp"

namespace lamda::cli {

struct BusAccessState {
    Address provider;
    bool revoked = false;
    std::optional<Timestamp> revoked_at;  ///< of the last revocation
    bool pushed = false;                  ///< the bus has this state
};

/// Revoked ones first, then by address.
std::vector<BusAccessState> read_bus_access(store::Database& database);
/// Absent: the provider has never had credentials, and was never revoked.
std::optional<BusAccessState> find_bus_access(store::Database& database, const Address& provider);

/// Records the order; a registry carries it out. Changes nothing if it is the present state.
void revoke_bus_access(store::Database& database, const Address& provider);
void allow_bus_access(store::Database& database, const Address& provider);

}  // namespace lamda::cli
