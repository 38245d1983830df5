// Readiness checks of common dependencies: database and bus.
#pragma once

#include <string_view>

#include "bus/bus.hpp"
#include "runtime/app.hpp"
#include "runtime/secret.hpp"
#include "store/database.hpp"
#include "store/database_clock.hpp"

namespace lamda::runtime {

/// Prepares the schema before the loops start. With `migrate` and a role that owns the schema, migrates it;
/// else waits until it is migrated and the role has the privileges of `role` (store/role_privileges.hpp). A
/// schema that does not match this executable, or a database that cannot hold every text, ends the process
/// with 78. Afterwards the check `postgres` pings the database. A role that owns the schema is reported in
/// the log and in the check `database_role`: it has more privileges than the service needs.
void prepare_database(App& app, store::Database& database, bool migrate, std::string_view role);
/// Synchronizes with the database's time before the loops start, and regularly afterwards.
void keep_time(App& app, store::DatabaseClock& clock);
/// Adds the check `nats`: connected, and JetStream available. In production also the loop `bus_login`: a
/// server that accepts clients without a login ends the process with 78; a server that does not answer is
/// checked again. An empty URL, whose servers come with the login, is not checked.
void watch_bus(App& app, bus::Bus& bus, const Secret& url);

}  // namespace lamda::runtime
