// Logins of the bus by credentials: from a creds file, or from a source in the process.
#pragma once

#include <optional>

#include "bus/bus.hpp"
#include "natsauth/credentials.hpp"
#include "runtime/settings.hpp"

namespace lamda::runtime {

/// NATS_CREDS_FILE: a creds file, read again at every connect, so that a replaced file counts. Absent: the
/// login of NATS_URL. An unreadable or malformed file is a mistake.
std::optional<bus::Login> read_nats_login(Settings& settings);

/// @param current called at every connect, from any thread; it may throw: there are no credentials now
bus::Login make_login(std::string name, std::function<natsauth::Credentials()> current);

}  // namespace lamda::runtime
