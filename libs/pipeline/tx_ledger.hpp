// chain::TxLedger on PostgreSQL: tables chain.wallet, chain.intent, chain.tx.
#pragma once

#include "chain/sender.hpp"
#include "store/database.hpp"

namespace lamda::pipeline {

/// Adds an intent inside the caller's transaction (the one that applies its cause). False: its key stands
/// already.
bool put_intent(store::Txn& txn, const Address& wallet, ChainId chain, const chain::Intent& intent);

class PgTxLedger final : public chain::TxLedger {
  public:
    PgTxLedger(store::Database& database, Address wallet, ChainId chain);
    std::vector<chain::LedgerEntry> open_entries(std::size_t most) override;
    std::optional<std::uint64_t> next_nonce() override;
    std::optional<std::uint64_t> allocate(const std::string& key, std::uint64_t at_least,
                                          std::uint64_t gas_limit) override;
    bool store_tx(const std::string& key, std::uint64_t nonce, const chain::StoredTx& tx) override;
    void park(const std::string& key, const std::string& reason) override;
    void mark_sent(const std::string& key) override;
    void mark_mined(const std::string& key, const TxHash& tx, const BlockRef& block) override;
    void mark_unmined(const std::string& key) override;
    void mark_done(const std::string& key, const TxHash& tx, const BlockRef& block) override;
    void mark_failed(const std::string& key, const std::string& reason) override;
    void release_nonce(const std::string& key, const std::string& reason) override;

  private:
    store::Database& database_;
    Address wallet_;
    ChainId chain_;
};

}  // namespace lamda::pipeline
