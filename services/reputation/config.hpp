// Settings of the reputation service.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"
#include "runtime/settings.hpp"
#include "streamrunner/chain_settings.hpp"
#include "wallet/wallet.hpp"

namespace lamda::reputation {

struct Config {
    runtime::Secret database_url;
    streamrunner::ChainSettings bsc;
    streamrunner::ChainSettings opbnb;
    streamrunner::ReadSettings reading;
    std::optional<BlockNum> from_block;  ///< BSC: earlier confirmations are not counted here
    wallet::Wallet wallet;
    U256 max_fee_cap;       ///< wei per gas
    U256 min_priority_fee;  ///< wei per gas
    bool legacy_fees = false;
    std::optional<U256> daily_budget;  ///< wei
    std::size_t max_unmined = 0;
    std::uint64_t low_at = 0;  ///< warn if the wallet pays for fewer transactions
};

Config read_config(runtime::Settings& settings);

}  // namespace lamda::reputation
