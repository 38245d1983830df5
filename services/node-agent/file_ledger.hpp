// The agent's nonce ledger: chain::TxLedger in one file per wallet and chain, replaced as a whole at each
// change.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "chain/sender.hpp"
#include "durable_file.hpp"

namespace lamda::agent {

/// Thread-safe. A change is on disk before anybody can see it. Done intents are remembered by key, without
/// their bytes, until forget_done.
class FileTxLedger final : public chain::TxLedger {
  public:
    /// Reads the file when there is one. @throws DiskError; also when the file cannot be understood: a ledger
    /// that was guessed would send twice
    FileTxLedger(std::string path, const Clock& clock);

    /// False: its key stands already.
    bool put_intent(const chain::Intent& intent);
    /// What was wanted is there without us. Only of an intent that holds no nonce; false otherwise.
    bool finish_without_tx(const std::string& key, const std::string& reason);
    std::optional<chain::LedgerEntry> find(const std::string& key) const;
    std::size_t open_count() const;
    /// Drops done intents older than that.
    void forget_done(Timestamp before);

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
    struct State {
        std::optional<std::uint64_t> next_nonce;
        std::vector<chain::LedgerEntry> entries;  ///< in order of arrival
    };
    static std::string encode(const State& state);
    static State decode(const std::string& json);
    /// Applies `change` to a copy, writes it, then takes it over. `change` returns false: nothing to write.
    template <class Change>
    bool commit(Change change);
    template <class Change>
    bool commit_entry(const std::string& key, Change change);

    std::string path_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    State state_;
};

}  // namespace lamda::agent
