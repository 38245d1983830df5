// Databases as an installation has them: the schema is `lamda`'s, and each service has a login of its own.
#pragma once

#include <string>
#include <string_view>

#include "store/role_privileges.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

/// Runs deploy/postgres/roles.sql in a database that is there. @throws std::runtime_error with its output
void admit_roles(const PostgresServer& server, const std::string& database);

/// Creates a database that `lamda` owns, with the roles of deploy/postgres/roles.sql and no schema yet.
/// @returns the DSN of `lamda`, who migrates it. @throws std::runtime_error with the script's output
std::string create_database_with_roles(PostgresServer& server, const std::string& name);

/// The same, migrated. @param role of store/role_privileges.hpp; `postgres` for a test's own look  @returns
/// that role's DSN
std::string migrated_database(PostgresServer& server, const std::string& name, std::string_view role);

/// @param role `lamda`, or one of store/role_privileges.hpp
std::string role_dsn(const PostgresServer& server, const std::string& database, std::string_view role);

/// The database role of a service: `node-registry` → `lamda_registry`.
std::string database_role(const std::string& service);

}  // namespace lamda::testkit
