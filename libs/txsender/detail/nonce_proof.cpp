#include "txsender/detail/nonce_proof.hpp"

#include <vector>

namespace lamda::txsender {

namespace {

std::optional<eth::Receipt> find(eth::Rpc& rpc, const Address& wallet, std::uint64_t nonce,
                                 BlockNum finalized) {
    const auto count = [&](BlockNum block) { return rpc.transaction_count(wallet, eth::BlockSpec(block)); };
    if (count(finalized) <= nonce) {
        return std::nullopt;
    }
    // Invariant: used at `with`, not yet at `without`.
    BlockNum with = finalized;
    BlockNum without = finalized - 1;
    for (std::uint64_t step = 1; count(without) > nonce; step *= 2) {
        if (without.value == 0) {
            return std::nullopt;
        }
        with = without;
        without = without - step;
    }
    while (with.value - without.value > 1) {
        const BlockNum middle{without.value + (with.value - without.value) / 2};
        (count(middle) > nonce ? with : without) = middle;
    }
    const auto before = count(without);
    const auto after = count(with);
    const auto header = rpc.header(eth::BlockSpec(with));
    if (!header || before > nonce || after <= nonce) {
        return std::nullopt;
    }
    std::vector<eth::Receipt> ours;
    for (auto& receipt : rpc.block_receipts(header->hash)) {
        if (receipt.from == wallet) {
            ours.push_back(std::move(receipt));
        }
    }
    return ours.size() == after - before ? std::optional(ours[nonce - before]) : std::nullopt;
}

}  // namespace

std::optional<eth::Receipt> finalized_transaction_at(eth::Rpc& rpc, const Address& wallet,
                                                     std::uint64_t nonce, BlockNum finalized) {
    try {
        return find(rpc, wallet, nonce, finalized);
    } catch (const std::exception& error) {
        if (!eth::is_useless_answer(error)) {
            throw;
        }
        return std::nullopt;
    }
}

}  // namespace lamda::txsender
