// Settings of the job dispatcher.
#pragma once

#include "ingest/log_stream.hpp"
#include "runtime/settings.hpp"
#include "services/job-dispatcher/dispatch/timeout_loop.hpp"

namespace lamda::dispatch {

struct Config {
    runtime::Secret database_url;
    runtime::Secret nats_url;
    runtime::Secret operator_token;  ///< empty: none
    std::vector<std::string> bsc_rpc_urls;
    Address job_manager;
    std::optional<ChainId> chain_id;
    std::optional<BlockNum> start_block;
    ingest::FinalityRule finality;
    Millis rpc_timeout{10'000};
    unsigned rpc_agreement = 1;
    bool verify_receipts = false;
    Millis audit_pace{10'000};  ///< 0: no audit
    std::uint32_t max_attempts = 3;
    std::int64_t status_bytes = 0;  ///< size limit of the stream STATUS
    Millis retry_pause{20'000};
    TimeoutConfig clock;
    std::string ipfs_api_url;
    std::vector<std::string> ipfs_gateways;
};

Config read_config(runtime::Settings& settings);

}  // namespace lamda::dispatch
