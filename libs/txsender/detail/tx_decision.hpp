// Decision about one intent that holds a nonce, from its queue entry and its state on chain. Pure.
#pragma once

#include "eth/codec/types.hpp"
#include "txsender/sender_config.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// Observed state on chain. Absent: not known, or not requested because it would change nothing.
struct TxObservation {
    std::uint64_t latest_count = 0;       ///< transaction count of the wallet at the head
    std::optional<eth::Receipt> receipt;  ///< of one of the intent's transactions
    std::optional<BlockHash> at_height;   ///< canonical hash at the receipt's (or mined_in's) height
    std::optional<BlockNum> finalized;
    bool foreign_proven = false;            ///< a finalized block holds a foreign transaction at this nonce
    bool known_to_node = true;              ///< the newest bytes are in the node's pool
    Millis since_broadcast{0};              ///< of the newest bytes, by this process
    std::uint64_t blocks_since_stored = 0;  ///< blocks since the newest bytes were signed
};

enum class TxAction {
    kWait,
    kSign,       ///< has a nonce and no bytes
    kBroadcast,  ///< send the newest bytes, unchanged
    kBump,       ///< same nonce, same effect, higher fee
    kCancel,     ///< same nonce, no effect, higher fee
    kMined,
    kUnmined,
    kDone,
    kFailed,     ///< reverted, final
    kCancelled,  ///< the empty transfer was mined, final
    kRelease,
};

TxAction decide(const TxQueueEntry& entry, const TxObservation& seen, const SenderConfig& config);

}  // namespace lamda::txsender
