// Sender settings and chain id check shared by the agent's senders on BSC and opBNB.
#pragma once

#include "ingest/log_stream.hpp"
#include "rpcpool/errors.hpp"
#include "runtime/app.hpp"
#include "txsender/sender.hpp"

namespace lamda::agent {

/// Wei per gas. BSC's validators accept 0.05 gwei and more, opBNB about 0.001 gwei.
inline constexpr std::uint64_t kBscLeastTip = 50'000'000;
inline constexpr std::uint64_t kOpBnbLeastTip = 1'000'000;
inline constexpr std::uint64_t kFeeCap = 20'000'000'000;

inline txsender::SenderConfig sender_config(const std::string& name, ChainId chain, std::uint64_t least_tip) {
    txsender::SenderConfig config;
    config.name = name;
    config.chain_id = chain;
    config.min_priority_fee = least_tip;
    config.max_fee_cap = kFeeCap;
    return config;
}

/// @throws runtime::ConfigError that names the setting if every endpoint that answers is on another chain
/// than expected
inline ChainId chain_id_of(eth::Rpc& rpc, const std::string& setting) {
    try {
        return rpc.chain_id();
    } catch (const rpcpool::ConfigContradiction& error) {
        throw runtime::ConfigError(setting + ": " + error.what());
    }
}

}  // namespace lamda::agent
