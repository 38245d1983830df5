// Grants the services' roles what role_privileges() lists. Migrations do so in their transaction.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "store/role_privileges.hpp"

namespace lamda::store {

/// One privilege of one object, or of one of its columns.
struct Grant {
    std::string object;
    std::string privilege;
    std::string column;  ///< empty: of the whole object
    auto operator<=>(const Grant&) const = default;
};

/// `SELECT, UPDATE (a, b)` → SELECT; UPDATE of a; UPDATE of b.
std::vector<Grant> grants_of(const Privilege& privilege);

/// The statements that leave each of `roles` with its lines of `privileges`, and with nothing else in the
/// schemas of that list. PUBLIC keeps nothing there, functions included. Row-level security is enabled where
/// a line has `rows`; roles that are not named (one shared by all services, say) are not limited by it.
std::string grant_script(std::span<const Privilege> privileges, const std::vector<std::string>& roles);

/// Runs the script for the roles that roles.sql has let into this database; nothing if there is none, or if
/// privileges are as they were left the last time: the script waits for every transaction on the shared
/// tables. For the owner.
void grant_privileges(Txn& txn);

/// Whether the role of this connection owns the schema; of a database without one: whether it may create it.
bool may_migrate(Database& database);
bool may_migrate(Txn& txn);

/// Names what the role of this connection lacks of the lines of `role`: `SELECT on api.job`. Reads the
/// catalogs only.
std::vector<std::string> lacking_privileges(Database& database, std::string_view role);

}  // namespace lamda::store
