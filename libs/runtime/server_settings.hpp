// Settings shared by services: server addresses with logins, parsed by the rules of their client libraries,
// and the operator's token.
#pragma once

#include "runtime/settings.hpp"

namespace lamda::runtime {

/// DATABASE_URL (or DATABASE_URL_FILE). A DSN that libpq rejects is a mistake.
Secret read_database_url(Settings& settings);
/// NATS_URL (or NATS_URL_FILE). A list that nats.c cannot use is a mistake; in production also one without a
/// login.
Secret read_nats_url(Settings& settings);
/// NATS_URL of a process that may receive servers and login from elsewhere: it may be absent, also in
/// production. A list that nats.c cannot use is a mistake.
Secret read_optional_nats_url(Settings& settings);
/// OPERATOR_TOKEN (or OPERATOR_TOKEN_FILE); empty: no operator. A short token is a mistake: a client that
/// reads the bus can test guesses offline against the proof of a command.
Secret read_operator_token(Settings& settings);

}  // namespace lamda::runtime
