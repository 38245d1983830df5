// Settings of the node registry.
#pragma once

#include "ingest/log_stream.hpp"
#include "runtime/settings.hpp"

namespace lamda::registry {

struct Config {
    runtime::Secret database_url;
    runtime::Secret nats_url;
    std::vector<std::string> opbnb_rpc_urls;
    Address node_reputation;
    std::optional<ChainId> chain_id;
    std::optional<BlockNum> start_block;
    Millis finality_max_age{300'000};
    Millis rpc_timeout{10'000};
    unsigned rpc_agreement = 1;
    bool verify_receipts = false;
    Millis audit_pace{10'000};  ///< 0: no audit
    Millis offline_after{90'000};
};

Config read_config(runtime::Settings& settings);

}  // namespace lamda::registry
