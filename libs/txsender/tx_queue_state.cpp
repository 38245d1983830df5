#include "txsender/tx_queue_state.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

namespace lamda::txsender {

namespace {

bool holds_none(const TxQueueEntry& entry) {
    return !entry.nonce && (entry.state == IntentState::kPending || entry.state == IntentState::kParked);
}

/// Applies `change` to every named entry; returns true if any of them changed.
template <class Named, class Key, class Change>
bool change_each(TxQueueState& tx_queue, const std::vector<Named>& named, Timestamp now, Key key,
                 Change change) {
    bool any = false;
    for (const auto& one : named) {
        auto* entry = tx_queue.find(key(one));
        if (entry != nullptr && change(*entry, one)) {
            entry->updated_at = now;
            any = true;
        }
    }
    return any;
}

constexpr auto kItself = std::identity();
const auto kItsKey = [](const auto& one) -> const std::string& { return one.key; };

}  // namespace

bool is_open(const TxQueueEntry& entry) {
    return entry.state != IntentState::kDone && entry.state != IntentState::kFailed;
}

bool may_change(const TxQueueEntry& entry, const ChainLook& look) {
    if (!is_open(entry) || !entry.nonce) {
        return false;
    }
    return entry.state != IntentState::kMined || *entry.nonce >= look.used ||
           (look.finalized && entry.mined_in->number <= *look.finalized);
}

TxQueueEntry* TxQueueState::find(const std::string& key) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const TxQueueEntry& entry) { return entry.intent.key == key; });
    return found == entries.end() ? nullptr : &*found;
}
const TxQueueEntry* TxQueueState::find(const std::string& key) const {
    return const_cast<TxQueueState*>(this)->find(key);
}

bool TxQueueState::add(const Intent& intent, Timestamp now) {
    if (find(intent.key) != nullptr) {
        return false;
    }
    auto& entry = entries.emplace_back();
    entry.intent = intent;
    entry.updated_at = now;
    return true;
}

std::vector<TxQueueEntry> TxQueueState::in_flight(const ChainLook& look, std::size_t most) const {
    std::vector<TxQueueEntry> out;
    std::copy_if(entries.begin(), entries.end(), std::back_inserter(out),
                 [&](const TxQueueEntry& entry) { return may_change(entry, look); });
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return *a.nonce < *b.nonce; });
    enum Kind { kUsed, kUnused, kMined, kKinds };
    std::array<std::size_t, kKinds> counts{};
    std::erase_if(out, [&](const TxQueueEntry& entry) {
        const auto kind =
            entry.state == IntentState::kMined ? kMined : (*entry.nonce < look.used ? kUsed : kUnused);
        return ++counts[kind] > most;
    });
    return out;
}

std::vector<TxQueueEntry> TxQueueState::waiting(std::size_t most) const {
    struct Place {
        bool parked;
        Timestamp since;  ///< of parked ones
        std::size_t arrival;
        auto operator<=>(const Place&) const = default;
    };
    std::vector<Place> places;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (holds_none(entries[i])) {
            const bool parked = entries[i].state == IntentState::kParked;
            places.push_back({parked, parked ? entries[i].updated_at : Timestamp{}, i});
        }
    }
    std::sort(places.begin(), places.end());
    places.resize(std::min(places.size(), most));
    std::vector<TxQueueEntry> out;
    out.reserve(places.size());
    std::transform(places.begin(), places.end(), std::back_inserter(out),
                   [&](const Place& place) { return entries[place.arrival]; });
    return out;
}

std::vector<std::optional<std::uint64_t>> TxQueueState::allocate(const std::vector<Allocation>& wanted,
                                                                 std::uint64_t at_least, Timestamp now) {
    std::vector<std::optional<std::uint64_t>> out;
    auto next = std::max(next_nonce.value_or(0), at_least);
    std::set<std::uint64_t> held;
    for (auto& entry : entries) {
        const bool is_in_flight = entry.state == IntentState::kAllocated ||
                                  entry.state == IntentState::kSent || entry.state == IntentState::kMined;
        if (entry.nonce && *entry.nonce >= next && !is_in_flight) {
            entry.nonce.reset();
        } else if (entry.nonce) {
            held.insert(*entry.nonce);
        }
    }
    for (const auto& one : wanted) {
        auto* entry = find(one.key);
        if (entry == nullptr || !holds_none(*entry) || entry->operator_request == OperatorRequest::kCancel) {
            out.emplace_back();
            continue;
        }
        while (held.contains(next)) {
            ++next;
        }
        entry->nonce = next;
        entry->gas_limit = one.gas_limit;
        entry->state = IntentState::kAllocated;
        entry->reason.clear();
        entry->updated_at = now;
        out.emplace_back(next++);
        next_nonce = next;
    }
    return out;
}

bool TxQueueState::fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit, Timestamp now) {
    const bool held = std::any_of(entries.begin(), entries.end(),
                                  [&](const TxQueueEntry& entry) { return entry.nonce == nonce; });
    if (held || !add({fill_key(nonce), wallet, 0, {}, OnRevert::kGiveUp}, now)) {
        return false;
    }
    auto& entry = entries.back();
    entry.nonce = nonce;
    entry.gas_limit = gas_limit;
    entry.state = IntentState::kAllocated;
    next_nonce = std::max(next_nonce.value_or(0), nonce + 1);
    return true;
}

std::vector<bool> TxQueueState::store(const std::vector<NewTx>& txs, Timestamp now) {
    std::vector<bool> out;
    for (const auto& one : txs) {
        auto* entry = find(one.key);
        const bool holds_nonce = entry != nullptr && is_open(*entry) && entry->nonce == one.nonce;
        if (holds_nonce) {
            entry->txs.push_back(one.tx);
            entry->operator_request.reset();
            entry->updated_at = now;
        }
        out.push_back(holds_nonce);
    }
    return out;
}

bool TxQueueState::park(const std::vector<Parked>& parked, Timestamp now) {
    return change_each(*this, parked, now, kItsKey, [](TxQueueEntry& entry, const Parked& one) {
        if (!holds_none(entry)) {
            return false;
        }
        entry.state = IntentState::kParked;
        entry.reason = one.reason;
        return true;
    });
}

bool TxQueueState::mark_sent(const std::vector<std::string>& keys, Timestamp now) {
    return change_each(*this, keys, now, kItself, [](TxQueueEntry& entry, const std::string&) {
        const bool changes = entry.state == IntentState::kAllocated;
        entry.state = changes ? IntentState::kSent : entry.state;
        return changes;
    });
}

bool TxQueueState::mark_mined(const std::vector<MinedTx>& mined, Timestamp now) {
    return change_each(*this, mined, now, kItsKey, [](TxQueueEntry& entry, const MinedTx& one) {
        if (entry.nonce != one.nonce || !is_open(entry) ||
            (entry.mined_tx == one.tx && entry.mined_in == one.block)) {
            return false;
        }
        entry.state = IntentState::kMined;
        entry.mined_tx = one.tx;
        entry.mined_in = one.block;
        return true;
    });
}

bool TxQueueState::mark_unmined(const std::vector<std::string>& keys, Timestamp now) {
    return change_each(*this, keys, now, kItself, [](TxQueueEntry& entry, const std::string&) {
        if (entry.state != IntentState::kMined) {
            return false;
        }
        entry.state = IntentState::kSent;
        entry.mined_tx.reset();
        entry.mined_in.reset();
        return true;
    });
}

bool TxQueueState::mark_done(const std::vector<MinedTx>& done, Timestamp now) {
    return change_each(*this, done, now, kItsKey, [](TxQueueEntry& entry, const MinedTx& one) {
        if (entry.nonce != one.nonce || !is_open(entry)) {
            return false;
        }
        entry.state = IntentState::kDone;
        entry.mined_tx = one.tx;
        entry.mined_in = one.block;
        entry.reason.clear();
        return true;
    });
}

bool TxQueueState::mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                               const std::string& reason, Timestamp now) {
    return change_each(*this, std::vector{key}, now, kItself, [&](TxQueueEntry& entry, const std::string&) {
        if (entry.nonce != nonce || !is_open(entry)) {
            return false;
        }
        entry.state = IntentState::kFailed;
        entry.reason = reason;
        entry.operator_request.reset();
        return true;
    });
}

bool TxQueueState::release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                                 bool reverted, Timestamp now) {
    return change_each(*this, std::vector{key}, now, kItself, [&](TxQueueEntry& entry, const std::string&) {
        if (entry.nonce != nonce || !is_open(entry)) {
            return false;
        }
        entry.state = IntentState::kPending;
        entry.nonce.reset();
        entry.gas_limit.reset();
        entry.txs.clear();
        entry.mined_tx.reset();
        entry.mined_in.reset();
        entry.reverts += reverted ? 1 : 0;
        entry.reason = reason;
        return true;
    });
}

bool TxQueueState::operator_request(const std::string& key, OperatorRequest operator_request, Timestamp now) {
    return change_each(*this, std::vector{key}, now, kItself, [&](TxQueueEntry& entry, const std::string&) {
        const bool changes = is_open(entry) && entry.state != IntentState::kMined;
        entry.operator_request = changes ? std::optional(operator_request) : entry.operator_request;
        return changes;
    });
}

}  // namespace lamda::txsender
