// Transaction queue of the agent: txsender::TxQueue in one file per wallet and chain, replaced as a whole at
// each change.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "services/node-agent/state/durable_file.hpp"
#include "txsender/tx_queue_state.hpp"

namespace lamda::agent {

/// Thread-safe. A change is on disk before any reader sees it. Done intents are kept by key, without their
/// bytes, until forget_done.
class FileTxQueue final : public txsender::TxQueue {
  public:
    /// Reads the file if it exists. @throws DiskError; runtime::ConfigError if the file is damaged: a guessed
    /// queue would send transactions twice, and only an operator can determine what is in flight
    FileTxQueue(std::string path, const Clock& clock);

    /// Returns false if the key exists already.
    bool put_intent(const txsender::Intent& intent);
    /// Marks an intent as done because its effect exists on chain without this wallet. Returns false if the
    /// intent holds a nonce or is not open.
    bool finish_without_tx(const std::string& key, const std::string& reason);
    std::optional<txsender::TxQueueEntry> find(const std::string& key) const;
    std::size_t open_count() const;
    /// Removes done intents that were last changed before `before`.
    void forget_done(Timestamp before);

    std::vector<txsender::TxQueueEntry> in_flight(const txsender::ChainLook& look, std::size_t most) override;
    std::vector<txsender::TxQueueEntry> waiting(std::size_t most) override;
    std::optional<std::uint64_t> next_nonce() override;
    /// Always 0: the agent has no spending limit.
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
    static std::string encode(const txsender::TxQueueState& state);
    static txsender::TxQueueState decode(const std::string& json);
    /// Applies `change` to a copy, writes the copy, then replaces the state. If `change` returns false,
    /// nothing is written.
    template <class Change>
    bool commit(Change change);

    std::string path_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    txsender::TxQueueState state_;
};

}  // namespace lamda::agent
