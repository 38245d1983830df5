// Settings that name a server with its login, parsed as the client library that uses them does.
#pragma once

#include "runtime/settings.hpp"

namespace lamda::runtime {

/// DATABASE_URL (or DATABASE_URL_FILE). A DSN that libpq cannot use is a mistake.
Secret read_database_url(Settings& settings);
/// NATS_URL (or NATS_URL_FILE). A list of servers that nats.c cannot use is a mistake; in production, one
/// without a login, too.
Secret read_nats_url(Settings& settings);

}  // namespace lamda::runtime
