// Settings of the node registry.
#pragma once

#include "runtime/bus_login.hpp"
#include "runtime/settings.hpp"
#include "services/node-registry/credentials/issuer.hpp"
#include "streamrunner/chain_settings.hpp"

namespace lamda::registry {

struct Config {
    runtime::Secret database_url;
    runtime::Secret nats_url;
    std::optional<bus::Login> nats_login;  ///< absent: the login of nats_url
    streamrunner::ChainSettings opbnb;
    streamrunner::ReadSettings reading;
    Millis offline_after{90'000};
    std::optional<IssuerConfig> issuer;  ///< absent: issues no credentials
};

Config read_config(runtime::Settings& settings);

}  // namespace lamda::registry
