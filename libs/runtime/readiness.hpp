// Readiness of what most services depend on.
#pragma once

#include <string_view>

#include "bus/bus.hpp"
#include "runtime/app.hpp"
#include "runtime/secret.hpp"
#include "store/database.hpp"
#include "store/database_clock.hpp"

namespace lamda::runtime {

/// Before the loops start: with `migrate`, and a database role that owns the schema, brings the schema up to
/// date; else waits until somebody has, and until that role has the privileges of `role`
/// (store/role_privileges.hpp). A schema that does not fit this executable, or a database that cannot hold
/// every text, ends the process with 78. From then on the check `postgres` pings the database. A role that
/// owns the schema is named in the log and in the check `database_role`: it works, and may do more than the
/// service needs.
void prepare_database(App& app, store::Database& database, bool migrate, std::string_view role);
/// The database's time: known before the loops start, and kept from then on.
void keep_time(App& app, store::DatabaseClock& clock);
/// The check `nats`: the connection stands, and the server has what was asked of it. In production also the
/// loop `bus_login`: a server that lets in clients without a login ends the process with 78; one that does
/// not answer is asked again.
void watch_bus(App& app, bus::Bus& bus, const Secret& url);

}  // namespace lamda::runtime
