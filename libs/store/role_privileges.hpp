// Database roles of the services, and their privileges: one line for each role and object.
#pragma once

#include <span>
#include <string_view>

namespace lamda::store {

// Logins that deploy/postgres/roles.sql creates. A single role that owns the schema also works, for all
// services.
inline constexpr std::string_view kRegistryRole = "lamda_registry";
inline constexpr std::string_view kDispatcherRole = "lamda_dispatcher";
inline constexpr std::string_view kReputationRole = "lamda_reputation";
inline constexpr std::string_view kGatewayRole = "lamda_gateway";
inline constexpr std::string_view kOperatorRole = "lamda_operator";

/// PostgreSQL refuses everything that is not in the list.
struct Privilege {
    std::string_view role;
    std::string_view object;  ///< `schema.table` (or view, sequence), `schema.function(types)`
    std::string_view
        granted;  ///< `SELECT, UPDATE (column, column)`; `EXECUTE` of a function, `USAGE` of a sequence
    /// Row-level security: the rows of a shared table that the role sees and changes. Empty: all.
    std::string_view rows = {};
    /// Condition on rows that the role writes, in addition to `rows`. Empty: none.
    std::string_view new_rows = {};
};

/// The list. A test compares it with the schema: each table, view and function is in it, or in
/// `unshared_objects`.
std::span<const Privilege> role_privileges();

/// Objects that only the owner can access; views and functions of `api` read some of them with the owner's
/// rights.
std::span<const std::string_view> unshared_objects();

}  // namespace lamda::store
