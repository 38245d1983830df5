#include "onchain/transact.hpp"

#include <algorithm>
#include <thread>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"

namespace lamda::onchain {
namespace {

constexpr Millis kPollEvery(100);
constexpr std::uint64_t kGasMarginPercent = 20;

// The two contracts' own errors are decoded by either description; the standard ones by both.
std::string reason_of(const eth::RpcError& error) {
    if (error.data().empty()) {
        return error.what();
    }
    const std::string text = contracts::job_manager::describe_revert(error.data());
    return text.starts_with("0x") ? contracts::node_reputation::describe_revert(error.data()) : text;
}

std::uint64_t gas_for(eth::Rpc& rpc, const crypto::Signer& signer, const TxRequest& request) {
    eth::CallRequest call;
    call.from = signer.address();
    call.to = request.to;
    call.data = request.data;
    call.value = request.value;
    try {
        const std::uint64_t estimate = rpc.estimate_gas(call);
        return estimate + estimate * kGasMarginPercent / 100;
    } catch (const eth::RpcError& error) {
        throw Reverted(reason_of(error));
    }
}

}  // namespace

TxHash submit(eth::Rpc& rpc, const crypto::Signer& signer, ChainId chain, const TxRequest& request,
              std::optional<std::uint64_t> nonce) {
    eth::Transaction tx;
    tx.chain_id = chain;
    tx.to = request.to;
    tx.data = request.data;
    tx.value = request.value;
    tx.gas_limit = gas_for(rpc, signer, request);
    tx.nonce = nonce ? *nonce : rpc.transaction_count(signer.address(), eth::Tag::kPending);
    // The node's suggestion covers base fee and tip; twice that as a ceiling survives a few full blocks.
    const U256 price = std::max<U256>(rpc.gas_price(), 1);
    tx.fee.max_fee = price * 2;
    tx.fee.max_priority_fee = std::min<U256>(price, U256(1'000'000'000));
    return rpc.send_raw_transaction(eth::sign(tx, signer).raw);
}

eth::Receipt wait_mined(eth::Rpc& rpc, const TxHash& hash, Millis timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
        if (auto receipt = rpc.receipt(hash)) {
            if (!receipt->success) {
                throw Reverted("transaction " + hash.hex() + " was mined in block " +
                               std::to_string(receipt->block.number.value) + " and reverted");
            }
            return *receipt;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            throw NotMined(hash, "transaction " + hash.hex() + " was sent but is not mined after " +
                                     std::to_string(timeout.count() / 1000) + " s; it may still be");
        }
        std::this_thread::sleep_for(kPollEvery);
    }
}

eth::Receipt transact(eth::Rpc& rpc, const crypto::Signer& signer, ChainId chain, const TxRequest& request) {
    return wait_mined(rpc, submit(rpc, signer, chain, request));
}

}  // namespace lamda::onchain
