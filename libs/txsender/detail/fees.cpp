#include "txsender/detail/fees.hpp"

#include <algorithm>

namespace lamda::txsender {

std::optional<eth::Fee> first_fee(const FeePolicy& policy, const FeeMarket& market) {
    if (market.base_fee > policy.cap) {
        return std::nullopt;
    }
    if (policy.legacy) {
        const U256 price = std::min(policy.cap, std::max(market.gas_price, policy.min_priority_fee));
        return eth::Fee{true, price, price};
    }
    const U256 room = policy.cap - market.base_fee;
    const U256 tip = std::min(policy.min_priority_fee, room);
    const U256 max_fee = std::min(policy.cap, U256(market.base_fee * 2 + tip));
    return eth::Fee{false, max_fee, tip};
}

std::optional<eth::Fee> bumped_fee(const FeePolicy& policy, const eth::Fee& old, const FeeMarket& market) {
    const auto raised = [](const U256& fee) -> U256 {
        return std::max(U256((fee * 110 + 99) / 100), U256(fee + 1));
    };
    const U256 least = raised(old.max_fee);
    if (least > policy.cap) {
        return std::nullopt;
    }
    if (policy.legacy) {
        const U256 price = std::min(policy.cap, std::max(least, market.gas_price));
        return eth::Fee{true, price, price};
    }
    const U256 market_tip =
        market.gas_price > market.base_fee ? U256(market.gas_price - market.base_fee) : U256(0);
    const U256 least_tip = raised(old.max_priority_fee);
    const U256 tip = std::min(policy.cap, std::max(least_tip, market_tip));
    const U256 max_fee = std::min(policy.cap, std::max({least, tip, U256(market.base_fee * 2 + tip)}));
    return eth::Fee{false, max_fee, std::min(tip, max_fee)};
}

}  // namespace lamda::txsender
