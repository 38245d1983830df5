// Fees of transactions. Pure; wei per gas throughout.
#pragma once

#include <optional>

#include "eth/codec/transaction.hpp"

namespace lamda::txsender {

struct FeePolicy {
    bool legacy = false;
    U256 min_priority_fee;  ///< tip of a first attempt; for legacy transactions the minimum gas price
    U256 cap;               ///< upper limit of every offer
};

struct FeeMarket {
    U256 base_fee;   ///< of the newest block; 0 if the block has none
    U256 gas_price;  ///< suggestion of the node
};

/// Fee for the first attempt, with room for the base fee to double. Absent: the base fee is above the cap.
std::optional<eth::Fee> first_fee(const FeePolicy& policy, const FeeMarket& market);

/// Fee for a replacement: each part at least 10 % higher (rounded up, as mempools require) and at least the
/// market price. Absent: the cap leaves no room.
std::optional<eth::Fee> bumped_fee(const FeePolicy& policy, const eth::Fee& old, const FeeMarket& market);

}  // namespace lamda::txsender
