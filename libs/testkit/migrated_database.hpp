// A database as an installation has it: the schema is `lamda`'s, and each service has a login of its own.
#pragma once

#include <string>
#include <string_view>

#include "store/migrations.hpp"
#include "store/role_privileges.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

/// @param role of store/role_privileges.hpp; `postgres` for a test's own look  @returns that role's DSN
inline std::string migrated_database(PostgresServer& server, const std::string& name, std::string_view role) {
    store::Database owner(server.create_database_with_roles(name), "test", 1);
    store::migrate(owner);
    return server.dsn(name, role);
}

}  // namespace lamda::testkit
