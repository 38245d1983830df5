// TxQueueState: a queue as a value, with the effect of each change of TxQueue. For queues written as a whole.
#pragma once

#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// The functions mirror those of TxQueue; those that return bool return true if anything changed.
struct TxQueueState {
    std::optional<std::uint64_t> next_nonce;
    std::vector<TxQueueEntry> entries;  ///< in the order of their arrival

    TxQueueEntry* find(const std::string& key);
    const TxQueueEntry* find(const std::string& key) const;
    /// False: the key exists already.
    bool add(const Intent& intent, Timestamp now);
    std::vector<TxQueueEntry> in_flight(const ChainLook& look, std::size_t most) const;
    std::vector<TxQueueEntry> waiting(std::size_t most) const;

    std::vector<std::optional<std::uint64_t>> allocate(const std::vector<Allocation>& wanted,
                                                       std::uint64_t at_least, Timestamp now);
    bool fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit, Timestamp now);
    std::vector<bool> store(const std::vector<NewTx>& txs, Timestamp now);
    bool park(const std::vector<Parked>& parked, Timestamp now);
    bool mark_sent(const std::vector<std::string>& keys, Timestamp now);
    bool mark_mined(const std::vector<MinedTx>& mined, Timestamp now);
    bool mark_unmined(const std::vector<std::string>& keys, Timestamp now);
    bool mark_done(const std::vector<MinedTx>& done, Timestamp now);
    bool mark_failed(const std::string& key, std::optional<std::uint64_t> nonce, const std::string& reason,
                     Timestamp now);
    bool release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason, bool reverted,
                       Timestamp now);
    bool operator_request(const std::string& key, OperatorRequest operator_request, Timestamp now);
};

/// True if neither done nor failed.
bool is_open(const TxQueueEntry& entry);
/// True if the entry holds a nonce, is open, and `look` may show a change.
bool may_change(const TxQueueEntry& entry, const ChainLook& look);

}  // namespace lamda::txsender
