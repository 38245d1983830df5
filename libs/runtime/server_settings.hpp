// Settings of several services: servers with their logins, parsed as the client library that uses them does,
// and the operator's token.
#pragma once

#include "runtime/settings.hpp"

namespace lamda::runtime {

/// DATABASE_URL (or DATABASE_URL_FILE). A DSN that libpq cannot use is a mistake.
Secret read_database_url(Settings& settings);
/// NATS_URL (or NATS_URL_FILE). A list of servers that nats.c cannot use is a mistake; in production, one
/// without a login, too.
Secret read_nats_url(Settings& settings);
/// OPERATOR_TOKEN (or OPERATOR_TOKEN_FILE); empty: there is no operator. A short one is a mistake: whoever
/// hears the bus can try tokens against the proof of a command without asking anybody.
Secret read_operator_token(Settings& settings);

}  // namespace lamda::runtime
