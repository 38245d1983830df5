// TxWatch: state of a wallet's transactions on chain, read with few calls.
#pragma once

#include <map>
#include <vector>

#include "eth/rpc.hpp"
#include "txsender/detail/fees.hpp"
#include "txsender/detail/tx_decision.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// One poll of the chain, and the resulting observation for each entry. Not thread-safe.
class TxWatch {
  public:
    TxWatch(eth::Rpc& rpc, Address wallet, const Clock& clock, Millis rebroadcast_after);

    /// Drops the last poll and reads the head. @throws errors of the endpoint
    void poll_once();
    const eth::Header& head() const { return head_; }
    const std::optional<eth::Header>& finalized() const { return finalized_; }
    /// Error of this poll: the final block or a transaction's state could not be read. Empty: none.
    const std::string& last_error() const { return last_error_; }
    /// Transaction count of the wallet at the head.
    std::uint64_t latest_count() const { return latest_count_; }
    void refresh_count();
    ChainLook where() const;
    /// Transaction count at finality; absent: the node has no state that old.
    std::optional<std::uint64_t> final_count();
    const FeeMarket& fees();

    /// True if the last observe() left entries for the next one.
    bool left_over() const { return left_over_; }
    /// Observes entries that hold a nonce, in their order. Makes only calls that could change a decision.
    std::vector<TxObservation> observe(const std::vector<TxQueueEntry>& entries);
    /// Notes that the newest bytes of the intent were sent now.
    void sent(const std::string& key);
    /// Notes that new bytes of the intent were signed now.
    void signed_now(const std::string& key);
    void forget(const std::string& key) { marks_.erase(key); }

  private:
    struct Mark {
        std::optional<Steady> broadcast;
        BlockNum signed_at;  ///< head at signing, or when this process first saw the entry
    };
    std::size_t observe_receipts(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen);
    void observe_heights(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen);
    void observe_final(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen);
    void observe_foreign(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen,
                         std::size_t looked_at);
    void observe_pool(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen);
    std::optional<eth::Receipt> receipt_in_block(const TxHash& tx, const BlockHash& block);
    void note(const std::string& what, const std::string& failure);

    eth::Rpc& rpc_;
    Address wallet_;
    const Clock& clock_;
    Millis rebroadcast_after_;
    std::map<std::string, Mark> marks_;

    eth::Header head_;
    std::optional<eth::Header> finalized_;
    std::string last_error_;
    std::uint64_t latest_count_ = 0;
    std::optional<std::optional<std::uint64_t>> final_count_;
    std::optional<FeeMarket> market_;
    std::map<BlockNum, std::optional<BlockHash>> hashes_;
    std::map<BlockHash, std::vector<eth::Receipt>>
        block_receipts_;  ///< blocks in which a missing receipt was searched
    bool left_over_ = false;
};

}  // namespace lamda::txsender
