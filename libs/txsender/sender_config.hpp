// SenderConfig: settings of a sender for one wallet.
#pragma once

#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::txsender {

struct SenderConfig {
    std::string name;  ///< `reputation:opbnb`
    ChainId chain_id;
    bool legacy_fees = false;            ///< type 0 with a gas price; else type 2 (EIP-1559)
    U256 min_priority_fee;               ///< wei per gas
    U256 max_fee_cap;                    ///< wei per gas; upper limit of every offer
    std::optional<U256> daily_budget{};  ///< wei for gas in a day of UTC; when spent, no new transaction is
                                         ///< sent until the next day
    std::size_t max_unmined = 64;        ///< nodes keep few pending transactions of one account
    Millis rebroadcast_after{3'000};
    std::uint64_t bump_after_blocks = 20;  ///< blocks without being mined until the fee is raised
    unsigned gas_margin_percent = 20;
    std::uint64_t most_gas = 5'000'000;  ///< limit for one transaction
    std::uint64_t low_at = 200;          ///< warns when the wallet pays for fewer transactions
};

}  // namespace lamda::txsender
