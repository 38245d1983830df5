// PgTxQueue: txsender::TxQueue on PostgreSQL, in tables chain.wallet, chain.intent and chain.tx.
#pragma once

#include <algorithm>

#include "pgledger/intent_locks.hpp"

namespace lamda::pgledger {

/// Adds intents inside the caller's transaction (the one that applies their cause). Does not change an
/// existing intent with the same key. @returns the number of new ones
std::size_t put_intents(store::Txn& txn, const Address& wallet, ChainId chain,
                        const std::vector<txsender::Intent>& intents);

class PgTxQueue final : public txsender::TxQueue {
  public:
    PgTxQueue(store::Database& database, Address wallet, ChainId chain);
    std::vector<txsender::TxQueueEntry> in_flight(const txsender::ChainLook& look, std::size_t most) override;
    std::vector<txsender::TxQueueEntry> waiting(std::size_t most) override;
    std::optional<std::uint64_t> next_nonce() override;
    U256 spent_since(Timestamp since) override;
    std::vector<std::optional<std::uint64_t>> allocate(const std::vector<txsender::Allocation>& wanted,
                                                       std::uint64_t at_least) override;
    bool fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) override;
    std::vector<bool> store(const std::vector<txsender::NewTx>& txs) override;
    void park(const std::vector<txsender::Parked>& parked) override;
    void mark_sent(const std::vector<std::string>& keys) override;
    void mark_mined(const std::vector<txsender::MinedTx>& mined) override;
    void mark_unmined(const std::vector<std::string>& keys) override;
    void mark_done(const std::vector<txsender::MinedTx>& done) override;
    void mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                     const std::string& reason) override;
    void release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                       bool reverted) override;

  private:
    /// Locks the rows of `named`, identified by `key`.
    template <class Named, class Key>
    std::map<std::string, LockedIntent> lock(store::Txn& txn, const std::vector<Named>& named, Key key) {
        std::vector<std::string> keys;
        std::transform(named.begin(), named.end(), std::back_inserter(keys),
                       [&](const Named& one) { return std::invoke(key, one); });
        return lock_intents(txn, chain_, wallet_, keys);
    }
    void mark(const std::string& state, const std::vector<txsender::MinedTx>& txs,
              const std::function<bool(const LockedIntent&, const txsender::MinedTx&)>& may);

    store::Database& database_;
    Address wallet_;
    ChainId chain_;
};

}  // namespace lamda::pgledger
