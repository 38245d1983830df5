// What a transaction offers for its gas. Pure; wei per gas throughout.
#pragma once

#include <optional>

#include "eth/codec/transaction.hpp"

namespace lamda::txsender {

struct FeePolicy {
    bool legacy = false;
    U256 min_priority_fee;  ///< the tip of a first attempt; of legacy transactions the least gas price
    U256 cap;               ///< never offered more
};

struct FeeMarket {
    U256 base_fee;   ///< of the newest block; 0 where there is none
    U256 gas_price;  ///< what the node suggests
};

/// For the first attempt: room for the base fee to double. Absent: not even the base fee fits under the cap.
std::optional<eth::Fee> first_fee(const FeePolicy& policy, const FeeMarket& market);

/// For a replacement: each part at least 10 % higher (rounded up: what mempools want), and what the market
/// asks. Absent: the cap leaves no room for that.
std::optional<eth::Fee> bumped_fee(const FeePolicy& policy, const eth::Fee& old, const FeeMarket& market);

}  // namespace lamda::txsender
