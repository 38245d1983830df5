// Settings of the issuer of credentials.
#pragma once

#include <optional>

#include "runtime/settings.hpp"
#include "services/node-registry/credentials/issuer.hpp"

namespace lamda::registry {

/// NATS_ISSUER_FILE or the systemd credential `nats-issuer`, NATS_PUBLIC_URL, NATS_CREDENTIALS_LIFETIME.
/// Absent: there is no file. @param nats_url already checked: its servers are the default of NATS_PUBLIC_URL
std::optional<IssuerConfig> read_issuer(runtime::Settings& settings, const runtime::Secret& nats_url);

}  // namespace lamda::registry
