// Grants the services' roles the privileges in role_privileges(). Run by migrations in their transaction.
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
    std::string column;  ///< empty: the whole object
    auto operator<=>(const Grant&) const = default;
};

/// `SELECT, UPDATE (a, b)` → SELECT; UPDATE of a; UPDATE of b.
std::vector<Grant> grants_of(const Privilege& privilege);

/// Builds the statements that give each of `roles` its lines of `privileges`, and nothing else in the schemas
/// of that list. Revokes everything there from PUBLIC, functions included. Enables row-level security where a
/// line has `rows`; roles that are not in `roles` (one shared by all services, say) are not limited by it.
std::string grant_script(std::span<const Privilege> privileges, const std::vector<std::string>& roles);

/// Runs the script for the roles that roles.sql admitted to this database. Does nothing if there are none or
/// if the privileges have not changed since the last run: the script waits for every transaction on the
/// shared tables. For the schema's owner.
void grant_privileges(Txn& txn);

/// True if this connection's role owns the schema or, without a schema, may create it.
bool may_migrate(Database& database);
bool may_migrate(Txn& txn);

/// Names the privileges of `role`'s lines that this connection's role lacks: `SELECT on api.job`. Reads the
/// catalogs only.
std::vector<std::string> lacking_privileges(Database& database, std::string_view role);

}  // namespace lamda::store
