#include "onchain/transact.hpp"

#include <algorithm>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "core/deadline.hpp"

namespace lamda::onchain {
namespace {

constexpr Millis kPollEvery(100);
constexpr std::uint64_t kGasMarginPercent = 20;

// Errors of both contracts are decoded; either description decodes the standard errors.
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
        if (!error.is_revert()) {
            throw;
        }
        throw Reverted(reason_of(error));
    }
}

std::string named(const TxHash& hash, const std::string& subject) {
    return (subject.empty() ? "" : subject + ": ") + "transaction " + hash.hex();
}

/// True if a node knows the transaction, whatever the answer to its broadcast was.
bool is_known(eth::Rpc& rpc, const TxHash& hash) {
    try {
        return rpc.transaction(hash).has_value();
    } catch (const std::exception&) {
        return false;
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
    // The node's suggestion covers base fee and tip; a ceiling of twice that covers a few full blocks.
    const U256 price = std::max<U256>(rpc.gas_price(), 1);
    tx.fee.max_fee = price * 2;
    tx.fee.max_priority_fee = std::min<U256>(price, U256(1'000'000'000));
    const auto done = eth::sign(tx, signer);
    try {
        rpc.send_raw_transaction(done.raw);
    } catch (const std::exception& error) {
        if (!is_known(rpc, done.hash)) {
            throw NotMined(done.hash, named(done.hash, request.subject) +
                                          " was sent, but no node confirms it: " + error.what() +
                                          ". Check whether it is mined before you repeat the command");
        }
    }
    return done.hash;
}

eth::Receipt wait_mined(eth::Rpc& rpc, const Clock& clock, const TxHash& hash, Millis timeout,
                        const std::string& subject) {
    const Deadline deadline(clock, timeout);
    while (true) {
        std::string failure;
        std::optional<eth::Receipt> receipt;
        try {
            receipt = rpc.receipt(hash);
        } catch (const std::exception& error) {
            failure = error.what();
        }
        if (receipt && !receipt->success) {
            throw Reverted(named(hash, subject) + " was mined in block " +
                           std::to_string(receipt->block.number.value) + " and reverted");
        }
        if (receipt) {
            return *receipt;
        }
        if (deadline.passed()) {
            const auto seconds = std::to_string(timeout.count() / 1000) + " s";
            throw NotMined(
                hash, named(hash, subject) +
                          (failure.empty() ? " was sent but is not mined after " + seconds
                                           : " was sent, and after " + seconds +
                                                 " the node does not report its state (" + failure + ")") +
                          "; it may still be mined");
        }
        clock.sleep({}, kPollEvery);
    }
}

eth::Receipt transact(eth::Rpc& rpc, const Clock& clock, const crypto::Signer& signer, ChainId chain,
                      const TxRequest& request) {
    return wait_mined(rpc, clock, submit(rpc, signer, chain, request), Millis(60'000), request.subject);
}

}  // namespace lamda::onchain
