// Settings of the job dispatcher.
#pragma once

#include "ingest/log_stream.hpp"
#include "runtime/bus_login.hpp"
#include "runtime/settings.hpp"
#include "services/job-dispatcher/dispatch/timeout_loop.hpp"
#include "streamrunner/chain_settings.hpp"

namespace lamda::dispatch {

struct Config {
    runtime::Secret database_url;
    runtime::Secret nats_url;
    std::optional<bus::Login> nats_login;  ///< absent: the login of nats_url
    runtime::Secret operator_token;        ///< empty: none
    streamrunner::ChainSettings bsc;
    streamrunner::ReadSettings reading;
    ingest::FinalityRule finality;  ///< `max_age` is set from `bsc`
    std::uint32_t max_attempts = 3;
    std::int64_t status_bytes = 0;  ///< size limit of the stream STATUS
    Millis retry_pause{20'000};
    Millis log_keep{std::chrono::hours(168)};  ///< age at which container logs are deleted
    TimeoutConfig clock;
    std::string ipfs_api_url;
    std::vector<std::string> ipfs_gateways;
};

Config read_config(runtime::Settings& settings);

}  // namespace lamda::dispatch
