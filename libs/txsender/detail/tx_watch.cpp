#include "txsender/detail/tx_watch.hpp"

#include <algorithm>

#include "txsender/detail/nonce_proof.hpp"

namespace lamda::txsender {

namespace {

// Entries beyond these limits are left to the next pass: sending takes precedence over noting results.
constexpr std::size_t kMostReceipts = 500;  ///< of each kind; oldest nonces first
constexpr int kMostProofs = 4;              ///< a proof takes dozens of calls
constexpr Millis kNeverSent{std::chrono::hours(24)};

bool is_sent(const TxQueueEntry& entry) {
    return entry.state == IntentState::kSent && !entry.txs.empty();
}

}  // namespace

TxWatch::TxWatch(eth::Rpc& rpc, Address wallet, const Clock& clock, Millis rebroadcast_after)
    : rpc_(rpc), wallet_(wallet), clock_(clock), rebroadcast_after_(rebroadcast_after) {}

void TxWatch::poll_once() {
    hashes_.clear();
    market_.reset();
    final_count_.reset();
    block_receipts_.clear();
    last_error_.clear();
    const auto latest = rpc_.header(eth::BlockSpec(eth::Tag::kLatest));
    if (!latest) {
        throw eth::BadAnswer(200, "the node names no latest block");
    }
    head_ = *latest;
    try {
        finalized_ = rpc_.header(eth::BlockSpec(eth::Tag::kFinalized));
    } catch (const eth::RpcError& error) {
        finalized_.reset();
        note("the node names no finalized block", error.what());
    }
    refresh_count();
}

void TxWatch::note(const std::string& what, const std::string& failure) {
    if (!failure.empty()) {
        last_error_ = what + ": " + failure;
    }
}

void TxWatch::refresh_count() {
    latest_count_ = rpc_.transaction_count(wallet_, eth::Tag::kLatest);
}

ChainLook TxWatch::where() const {
    return {latest_count_, finalized_ ? std::optional(finalized_->number) : std::nullopt};
}

std::optional<std::uint64_t> TxWatch::final_count() {
    if (!final_count_) {
        final_count_.emplace();
        try {
            if (finalized_) {
                *final_count_ = rpc_.transaction_count(wallet_, eth::BlockSpec(finalized_->number));
            }
        } catch (const eth::RpcError&) {  // the node has no state that old
        }
    }
    return *final_count_;
}

const FeeMarket& TxWatch::fees() {
    if (!market_) {
        market_ = FeeMarket{head_.base_fee.value_or(0), rpc_.gas_price()};
    }
    return *market_;
}

void TxWatch::sent(const std::string& key) {
    auto& mark = marks_.try_emplace(key, Mark{{}, head_.number}).first->second;
    mark.broadcast = clock_.steady();
}

void TxWatch::signed_now(const std::string& key) {
    marks_[key] = Mark{{}, head_.number};
}

std::vector<TxObservation> TxWatch::observe(const std::vector<TxQueueEntry>& entries) {
    std::vector<TxObservation> seen(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        auto& one = seen[i];
        one.latest_count = latest_count_;
        if (finalized_) {
            one.finalized = finalized_->number;
        }
        if (is_sent(entries[i])) {
            const auto& mark =
                marks_.try_emplace(entries[i].intent.key, Mark{{}, head_.number}).first->second;
            one.since_broadcast = mark.broadcast
                                      ? std::chrono::duration_cast<Millis>(clock_.steady() - *mark.broadcast)
                                      : kNeverSent;
            one.blocks_since_stored = head_.number.value - std::min(mark.signed_at, head_.number).value;
        }
    }
    observe_foreign(entries, seen, observe_receipts(entries, seen));
    observe_heights(entries, seen);
    observe_final(entries, seen);
    observe_pool(entries, seen);
    return seen;
}

/// Reads receipts of sent transactions with a nonce used at the head. Returns how many entries it examined.
std::size_t TxWatch::observe_receipts(const std::vector<TxQueueEntry>& entries,
                                      std::vector<TxObservation>& seen) {
    std::vector<TxHash> hashes;
    std::vector<std::size_t> owners;
    std::size_t i = 0;
    for (; i < entries.size() && hashes.size() < kMostReceipts; ++i) {
        if (is_sent(entries[i]) && latest_count_ > *entries[i].nonce) {
            for (const auto& tx : entries[i].txs) {
                hashes.push_back(tx.hash);
                owners.push_back(i);
            }
        }
    }
    auto receipts = rpc_.receipts(hashes);
    for (std::size_t n = 0; n < receipts.size(); ++n) {
        if (receipts[n].found) {
            seen[owners[n]].receipt = std::move(receipts[n].found);
        }
        note("no receipt of " + entries[owners[n]].intent.key + " (transaction " + hashes[n].hex() + ")",
             receipts[n].failure);
    }
    left_over_ = std::any_of(entries.begin() + static_cast<std::ptrdiff_t>(i), entries.end(),
                             [&](const auto& one) { return is_sent(one) && latest_count_ > *one.nonce; });
    return i;
}

/// Without a receipt for a nonce that a finalized block has used: finds its transaction in the block.
void TxWatch::observe_foreign(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen,
                              std::size_t looked_at) {
    int proofs = 0;
    for (std::size_t i = 0; i < looked_at && proofs < kMostProofs; ++i) {
        const auto& entry = entries[i];
        if (!is_sent(entry) || seen[i].receipt || latest_count_ <= *entry.nonce || !finalized_ ||
            final_count().value_or(0) <= *entry.nonce) {
            continue;
        }
        ++proofs;
        auto found = finalized_transaction_at(rpc_, wallet_, *entry.nonce, finalized_->number);
        if (!found) {
            continue;
        }
        const bool ours = std::any_of(entry.txs.begin(), entry.txs.end(),
                                      [&](const StoredTx& tx) { return tx.hash == found->tx_hash; });
        if (ours) {
            seen[i].receipt = std::move(found);  // the node lacks a receipt that the block has
        } else {
            seen[i].foreign_proven = true;
        }
    }
}

/// Reads the canonical hash at each height where a transaction is reported as mined.
void TxWatch::observe_heights(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen) {
    std::vector<std::optional<BlockNum>> heights(entries.size());
    std::vector<BlockNum> asked;
    std::size_t final_ones = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        if (seen[i].receipt) {
            heights[i] = seen[i].receipt->block.number;
        } else if (entry.state == IntentState::kMined) {
            const bool final_now =
                finalized_ && finalized_->number >= entry.mined_in->number && ++final_ones <= kMostReceipts;
            if (final_now || latest_count_ <= *entry.nonce) {
                heights[i] = entry.mined_in->number;
            }
        }
        if (heights[i] && hashes_.try_emplace(*heights[i]).second) {
            asked.push_back(*heights[i]);
        }
    }
    left_over_ = left_over_ || final_ones > kMostReceipts;
    const auto headers = rpc_.headers(asked);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (headers[i].found) {
            hashes_[asked[i]] = headers[i].found->hash;
        }
        note("no header of block " + std::to_string(asked[i].value), headers[i].failure);
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (heights[i]) {
            seen[i].at_height = hashes_[*heights[i]];
        }
    }
}

/// Reads receipts of mined transactions whose block is final.
void TxWatch::observe_final(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen) {
    std::vector<TxHash> hashes;
    std::vector<std::size_t> owners;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        if (entry.state == IntentState::kMined && finalized_ &&
            finalized_->number >= entry.mined_in->number && seen[i].at_height == entry.mined_in->hash) {
            hashes.push_back(*entry.mined_tx);
            owners.push_back(i);
        }
    }
    auto receipts = rpc_.receipts(hashes);
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        auto& receipt = seen[owners[i]].receipt;
        receipt = receipts[i].found ? std::move(receipts[i].found)
                                    : receipt_in_block(hashes[i], entries[owners[i]].mined_in->hash);
        if (!receipt) {
            note("no receipt of " + entries[owners[i]].intent.key + " (transaction " + hashes[i].hex() + ")",
                 receipts[i].failure);
        }
    }
}

std::optional<eth::Receipt> TxWatch::receipt_in_block(const TxHash& tx, const BlockHash& block) {
    const auto [read, is_new] = block_receipts_.try_emplace(block);
    try {
        if (is_new) {
            read->second = rpc_.block_receipts(block);
        }
    } catch (const std::exception& error) {
        if (!eth::is_useless_answer(error)) {
            throw;
        }  // the node has no receipts by block
    }
    const auto& receipts = read->second;
    const auto found = std::find_if(receipts.begin(), receipts.end(),
                                    [&](const eth::Receipt& receipt) { return receipt.tx_hash == tx; });
    return found == receipts.end() ? std::nullopt : std::optional(*found);
}

/// Finds out if the node still has transactions that were sent a while ago.
void TxWatch::observe_pool(const std::vector<TxQueueEntry>& entries, std::vector<TxObservation>& seen) {
    std::vector<TxHash> hashes;
    std::vector<std::size_t> owners;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (is_sent(entries[i]) && latest_count_ <= *entries[i].nonce &&
            seen[i].since_broadcast >= rebroadcast_after_) {
            hashes.push_back(entries[i].txs.back().hash);
            owners.push_back(i);
        }
    }
    const auto known = rpc_.transactions(hashes);
    for (std::size_t i = 0; i < known.size(); ++i) {
        // If no node answers, the transaction is sent again, which is harmless.
        seen[owners[i]].known_to_node = known[i].found.has_value();
    }
}

}  // namespace lamda::txsender
