// Schema migrations: embedded, numbered, checksummed, forward only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace lamda::store {

struct Migration {
    int number;             ///< 1, 2, 3 … without gaps
    std::string_view name;  ///< `0001_create_chain.sql`
    std::string_view sql;
};

/// Files of migrations/, embedded at build time.
std::span<const Migration> embedded_migrations();

/// Database and executable do not match: a changed migration, a newer schema, or an encoding that cannot
/// hold every text.
class SchemaMismatch : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct MigrationState {
    int number;
    std::string name;
    bool applied;
};

/// Applies missing migrations and grants the roles' privileges in one transaction; returns the numbers
/// applied.
std::vector<int> migrate(Database& database, std::span<const Migration> migrations = embedded_migrations());
std::vector<MigrationState> migration_state(Database& database);
/// True if all embedded migrations are applied (for a service without the right to migrate).
bool schema_is_current(Database& database);

}  // namespace lamda::store
