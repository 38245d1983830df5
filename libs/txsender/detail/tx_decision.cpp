#include "txsender/detail/tx_decision.hpp"

#include <algorithm>

namespace lamda::txsender {

namespace {

TxAction decide_sent(const TxQueueEntry& entry, const TxObservation& seen, const SenderConfig& config) {
    if (seen.receipt) {
        const bool canonical = seen.at_height && *seen.at_height == seen.receipt->block.hash;
        return canonical ? TxAction::kMined : TxAction::kWait;
    }
    if (seen.foreign_proven) {
        return TxAction::kRelease;
    }
    if (seen.latest_count > *entry.nonce) {
        return TxAction::kWait;  // mined at this nonce; a receipt or finality will show which one
    }
    if (entry.operator_request == OperatorRequest::kCancel && !entry.txs.back().cancels) {
        return TxAction::kCancel;
    }
    if (entry.operator_request) {
        return TxAction::kBump;
    }
    // A higher fee helps only the next transaction in line; the others wait for that one.
    if (seen.latest_count == *entry.nonce && seen.blocks_since_stored >= config.bump_after_blocks) {
        return TxAction::kBump;
    }
    if (seen.since_broadcast >= config.rebroadcast_after && !seen.known_to_node) {
        return TxAction::kBroadcast;
    }
    return TxAction::kWait;
}

TxAction decide_mined(const TxQueueEntry& entry, const TxObservation& seen) {
    if (!seen.at_height) {
        return TxAction::kWait;
    }
    if (*seen.at_height != entry.mined_in->hash) {
        return TxAction::kUnmined;
    }
    const bool final_now = seen.finalized && *seen.finalized >= entry.mined_in->number;
    if (final_now && !seen.receipt && seen.latest_count <= *entry.nonce) {
        return TxAction::kUnmined;  // its block is final, and its nonce is unused
    }
    if (!final_now || !seen.receipt || seen.receipt->block != *entry.mined_in) {
        return TxAction::kWait;
    }
    if (!seen.receipt->success) {
        return TxAction::kFailed;
    }
    const bool cancelled = std::any_of(entry.txs.begin(), entry.txs.end(), [&](const StoredTx& tx) {
        return tx.cancels && tx.hash == seen.receipt->tx_hash;
    });
    return cancelled ? TxAction::kCancelled : TxAction::kDone;
}

}  // namespace

TxAction decide(const TxQueueEntry& entry, const TxObservation& seen, const SenderConfig& config) {
    switch (entry.state) {
        case IntentState::kAllocated:
        case IntentState::kSent:
            if (entry.txs.empty()) {
                return entry.operator_request == OperatorRequest::kCancel ? TxAction::kCancel
                                                                          : TxAction::kSign;
            }
            return entry.state == IntentState::kAllocated ? TxAction::kBroadcast
                                                          : decide_sent(entry, seen, config);
        case IntentState::kMined:
            return decide_mined(entry, seen);
        case IntentState::kPending:
        case IntentState::kParked:
        case IntentState::kDone:
        case IntentState::kFailed:
            return TxAction::kWait;
    }
    return TxAction::kWait;
}

}  // namespace lamda::txsender
