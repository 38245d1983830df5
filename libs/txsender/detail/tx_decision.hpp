// What to do next about one intent that holds a nonce: its ledger entry, and what the chain says. Pure.
#pragma once

#include "eth/codec/types.hpp"
#include "txsender/sender_config.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// What was found out. Absent means: not known, or not asked because it would change nothing.
struct TxObservation {
    std::uint64_t latest_count = 0;       ///< the wallet's transactions at the head
    std::optional<eth::Receipt> receipt;  ///< of one of the intent's transactions
    std::optional<BlockHash> at_height;   ///< canonical hash at the receipt's (or mined_in's) height
    std::optional<BlockNum> finalized;
    bool foreign_proven = false;            ///< a finalized block holds another's transaction at this nonce
    bool known_to_node = true;              ///< the newest bytes are in the node's pool
    Millis since_broadcast{0};              ///< of the newest bytes, by this process
    std::uint64_t blocks_since_stored = 0;  ///< how many came after the newest bytes were signed
};

enum class TxAction {
    kWait,
    kSign,       ///< it holds a nonce and no bytes
    kBroadcast,  ///< the newest bytes, unchanged
    kBump,       ///< same nonce, same effect, higher fee
    kCancel,     ///< same nonce, no effect, higher fee
    kMined,
    kUnmined,
    kDone,
    kFailed,     ///< reverted, for good
    kCancelled,  ///< the empty transfer was mined, for good
    kRelease,
};

TxAction decide(const TxQueueEntry& entry, const TxObservation& seen, const SenderConfig& config);

}  // namespace lamda::txsender
