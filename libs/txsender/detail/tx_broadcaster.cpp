#include "txsender/detail/tx_broadcaster.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "txsender/detail/signing_guard.hpp"

namespace lamda::txsender {

TxBroadcaster::TxBroadcaster(ChainId chain, eth::Rpc& rpc, const crypto::Signer& signer, TxQueue& tx_queue,
                             const Clock& clock, telemetry::Log log, TxWatch& watch, OwnForms& forms,
                             SenderMetrics& shown)
    : chain_(chain),
      rpc_(rpc),
      signer_(signer),
      tx_queue_(tx_queue),
      clock_(clock),
      log_(std::move(log)),
      watch_(watch),
      forms_(forms),
      shown_(shown) {}

std::optional<NewTx> TxBroadcaster::effect(const Intent& intent, std::uint64_t nonce, std::uint64_t gas_limit,
                                           const eth::Fee& fee) {
    eth::Transaction tx;
    tx.chain_id = chain_;
    tx.nonce = nonce;
    tx.fee = fee;
    tx.gas_limit = gas_limit;
    tx.to = intent.to;
    tx.value = intent.value;
    tx.data = intent.data;
    return signed_form(intent.key, tx, false);
}

std::optional<NewTx> TxBroadcaster::cancellation(const Intent& intent, std::uint64_t nonce,
                                                 const eth::Fee& fee) {
    eth::Transaction tx;
    tx.chain_id = chain_;
    tx.nonce = nonce;
    tx.fee = fee;
    tx.gas_limit = kTransferGas;
    tx.to = signer_.address();
    return signed_form(intent.key, tx, true);
}

std::optional<NewTx> TxBroadcaster::signed_form(const std::string& key, const eth::Transaction& tx,
                                                bool cancels) {
    if (!signer_error_.empty()) {
        return std::nullopt;
    }
    try {
        const auto done = eth::sign(tx, signer_);
        forms_.made(done);
        crash_point("sender.after_sign");
        return NewTx{key, tx.nonce, {done.hash, done.raw, tx.fee, clock_.now(), cancels}};
    } catch (const crypto::Unavailable& error) {
        signer_error_ = error.what();
    } catch (const crypto::SigningRefused& error) {
        signer_error_ = error.what();
    }
    return std::nullopt;
}

void TxBroadcaster::begin_pass() {
    finish();
    signer_error_.clear();
}

std::string TxBroadcaster::refusal() const {
    return refusals_.empty()
               ? ""
               : "the node refuses " + refusals_.begin()->first + ": " + refusals_.begin()->second;
}

void TxBroadcaster::keep_refusals(const std::vector<TxQueueEntry>& entries) {
    std::erase_if(refusals_, [&](const auto& one) {
        return std::none_of(entries.begin(), entries.end(), [&](const TxQueueEntry& entry) {
            return entry.intent.key == one.first && entry.state != IntentState::kMined &&
                   *entry.nonce >= watch_.latest_count();
        });
    });
}

void TxBroadcaster::store_and_send(std::vector<NewTx> txs) {
    if (txs.empty()) {
        return;
    }
    const auto stands = tx_queue_.store(txs);
    crash_point("sender.after_store");
    Keyed stored;
    for (std::size_t i = 0; i < txs.size(); ++i) {
        if (stands[i]) {  // otherwise the allocation is void, and these bytes must not be sent
            watch_.signed_now(txs[i].key);
            stored.emplace_back(std::move(txs[i].key), std::move(txs[i].tx));
        }
    }
    send(std::move(stored));
}

void TxBroadcaster::send(Keyed txs) {
    if (txs.empty()) {
        return;
    }
    const auto before = answered();
    std::vector<Bytes> raws;
    raws.reserve(txs.size());
    for (const auto& [key, tx] : txs) {
        raws.push_back(tx.raw);
        watch_.sent(key);
    }
    shown_.broadcasts.add(static_cast<double>(raws.size()));
    sending_ = rpc_.begin_sending(raws);
    under_way_ = std::move(txs);
    note(before);
}

void TxBroadcaster::finish() {
    note(answered());
}

TxBroadcaster::Answered TxBroadcaster::answered() {
    if (!sending_) {
        return {};
    }
    const auto sending = std::exchange(sending_, nullptr);
    Answered out{std::exchange(under_way_, {}), {}};
    try {
        out.outcomes = sending->outcomes();
    } catch (const std::exception& error) {
        for (const auto& [key, tx] : out.txs) {
            log_.warn("broadcast failed; will retry",
                      {{"intent", key}, {"tx", tx.hash.hex()}, {"reason", error.what()}});
        }
        throw;
    }
    crash_point("sender.after_broadcast");
    return out;
}

void TxBroadcaster::note(const Answered& answered) {
    if (answered.txs.empty()) {
        return;
    }
    std::vector<std::string> keys;
    keys.reserve(answered.txs.size());
    for (const auto& [key, tx] : answered.txs) {
        keys.push_back(key);
    }
    tx_queue_.mark_sent(keys);
    look_at_refusals(answered.txs, answered.outcomes);
}

/// Refusals ("already known", "nonce too low", "underpriced") differ in text and code, so counts and receipts
/// decide. Only a transaction that the node does not have is reported.
void TxBroadcaster::look_at_refusals(const Keyed& txs, const std::vector<eth::SendOutcome>& outcomes) {
    std::vector<std::size_t> refused;
    std::vector<TxHash> hashes;
    for (std::size_t i = 0; i < txs.size(); ++i) {
        const auto& [key, tx] = txs[i];
        refusals_.erase(key);
        if (!outcomes[i].accepted()) {
            log_.debug("node refused transaction",
                       {{"intent", key}, {"tx", tx.hash.hex()}, {"reason", outcomes[i].refusal}});
            refused.push_back(i);
            hashes.push_back(tx.hash);
        }
    }
    const auto known = rpc_.transactions(hashes);
    for (std::size_t i = 0; i < refused.size(); ++i) {
        const auto& [key, tx] = txs[refused[i]];
        if (!known[i].found) {
            refusals_[key] = outcomes[refused[i]].refusal + " (transaction " + tx.hash.hex() + ")";
        }
    }
}

}  // namespace lamda::txsender
