// Databases as in an installation: the schema belongs to `lamda`, and each service has its own login.
#pragma once

#include <string>
#include <string_view>

#include "store/role_privileges.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

/// Runs deploy/postgres/roles.sql in an existing database. @throws std::runtime_error with its output
void admit_roles(const PostgresServer& server, const std::string& database);

/// Creates a database owned by `lamda`, with the roles of deploy/postgres/roles.sql and without a schema.
/// @returns the DSN of `lamda`, which migrates it. @throws std::runtime_error with the script's output
std::string create_database_with_roles(PostgresServer& server, const std::string& name);

/// As create_database_with_roles(), and migrated. @param role of store/role_privileges.hpp; `postgres` for
/// inspection by a test @returns the DSN of that role
std::string migrated_database(PostgresServer& server, const std::string& name, std::string_view role);

/// @param role `lamda`, or one of store/role_privileges.hpp
std::string role_dsn(const PostgresServer& server, const std::string& database, std::string_view role);

/// The database role of a service: `node-registry` → `lamda_registry`.
std::string database_role(const std::string& service);

}  // namespace lamda::testkit
