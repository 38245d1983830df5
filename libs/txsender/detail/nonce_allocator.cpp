#include "txsender/detail/nonce_allocator.hpp"

#include <algorithm>
#include <set>

#include "core/crash_point.hpp"
#include "txsender/detail/nonce_proof.hpp"

namespace lamda::txsender {

namespace {

constexpr std::size_t kMostAtOnce = 1'000;
/// Largest batch that nodes accept in one request. A batch is at most half of `max_unmined`, so that the next
/// one is prepared while it is in flight.
constexpr std::size_t kMostTogether = 100;
constexpr Millis kWalletPollInterval{30'000};
/// Retry delay for intents that no node could check.
constexpr Millis kAskAgainAfter{2'000};

/// Removes and returns up to `most` items from the front of the queue.
template <class T>
std::vector<T> taken_from(std::deque<T>& queue, std::size_t most) {
    const auto last = queue.begin() + static_cast<std::ptrdiff_t>(std::min(most, queue.size()));
    std::vector<T> out(std::make_move_iterator(queue.begin()), std::make_move_iterator(last));
    queue.erase(queue.begin(), last);
    return out;
}

}  // namespace

NonceAllocator::NonceAllocator(SenderParts& parts, Precheck precheck)
    : at_(parts),
      precheck_(std::move(precheck)),
      gas_limits_(parts.rpc, parts.signer.address(), parts.config.gas_margin_percent) {}

std::vector<TxQueueEntry> NonceAllocator::begin_pass() {
    next_nonce_ = at_.tx_queue.next_nonce();
    ready_.clear();
    return read();
}

std::vector<TxQueueEntry> NonceAllocator::read() {
    waiting_.clear();
    spending_limit_.reset();
    std::vector<TxQueueEntry> cancelled;
    std::set<std::string> keys;
    for (auto& entry : at_.tx_queue.waiting(kMostAtOnce)) {
        keys.insert(entry.intent.key);
        at_.guard.saw(entry.intent.key);
        if (entry.operator_request == OperatorRequest::kCancel) {
            cancelled.push_back(std::move(entry));
        } else if (at_.park_backoff.due(entry.intent.key) && !asked_lately(entry.intent.key)) {
            waiting_.push_back(std::move(entry));
        }
    }
    saw_all_ = keys.size() < kMostAtOnce;
    std::erase_if(unanswered_, [&](const auto& one) { return !keys.contains(one.first); });
    return cancelled;
}

std::vector<NonceAllocator::Ready> NonceAllocator::take(std::size_t most, std::size_t room) {
    if (ready_.empty()) {
        if (waiting_.empty()) {
            read();
        }
        for (auto& one : judge(taken_from(waiting_, room))) {
            ready_.push_back(std::move(one));
        }
    }
    return taken_from(ready_, most);
}

bool NonceAllocator::admit() {
    const auto counted = at_.watch.latest_count();
    const auto unmined = next_nonce_ && *next_nonce_ > counted ? *next_nonce_ - counted : 0;
    full_ = unmined >= at_.config.max_unmined;
    if (full_ || !at_.broadcaster.signer_error().empty()) {
        return false;
    }
    const auto together = std::clamp<std::size_t>(at_.config.max_unmined / 2, 1, kMostTogether);
    const auto room = at_.config.max_unmined - unmined;
    auto ready = take(std::min<std::size_t>(together, room), room);
    if (ready.empty()) {
        return !waiting_.empty();
    }
    const auto fee = first_fee(at_.policy, at_.watch.fees());
    if (!fee) {
        at_.note("the base fee is above the cap");
        return false;
    }
    const auto wanted = ready.size();
    keep_affordable(ready, *fee);
    const auto least = ready.empty() ? std::nullopt : least_nonce();
    if (!least) {
        return false;
    }
    send(ready, *least, *fee);
    return ready.size() == wanted;
}

std::vector<Intent> NonceAllocator::authorized(std::vector<TxQueueEntry>& entries,
                                               std::map<std::string, std::string>& reasons) {
    std::vector<TxQueueEntry*> asked;
    asked.reserve(entries.size());
    for (auto& entry : entries) {
        asked.push_back(&entry);
    }
    auto refused = at_.guard.authorize(asked);
    std::vector<Intent> out;
    out.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (refused[i]) {
            reasons.emplace(entries[i].intent.key, std::move(refused[i]->message));
        } else {
            out.push_back(entries[i].intent);
        }
    }
    return out;
}

std::vector<NonceAllocator::Ready> NonceAllocator::judge(std::vector<TxQueueEntry> entries) {
    std::map<std::string, std::string> reasons;
    for (const auto& entry : entries) {
        unanswered_.erase(entry.intent.key);
    }
    auto intents = authorized(entries, reasons);
    std::set<std::string> objected;
    if (precheck_ && !intents.empty()) {
        const auto against = precheck_(intents);
        for (std::size_t i = 0; i < intents.size(); ++i) {
            if (!against[i]) {
                continue;
            }
            objected.insert(intents[i].key);
            if (against[i]->kind == Objection::Kind::kPark) {
                reasons.emplace(intents[i].key, against[i]->reason);
            } else {
                ask_again(intents[i].key, against[i]->reason);
            }
        }
    }
    std::erase_if(intents, [&](const Intent& intent) { return objected.contains(intent.key); });
    const auto verdicts = gas_limits_.check(intents);
    std::vector<Ready> out;
    for (std::size_t i = 0; i < intents.size(); ++i) {
        const auto& verdict = verdicts[i];
        if (!verdict.unanswered.empty()) {
            ask_again(intents[i].key, "no node estimates its gas: " + verdict.unanswered);
        } else if (!verdict.reverts.empty()) {
            reasons.emplace(intents[i].key, "would revert: " + verdict.reverts);
        } else if (verdict.limit > at_.config.most_gas) {
            reasons.emplace(intents[i].key, "needs " + std::to_string(verdict.limit) +
                                                " gas, more than the " + std::to_string(at_.config.most_gas) +
                                                " allowed for a transaction");
        } else {
            out.push_back({intents[i], {intents[i].key, verdict.limit}});
        }
    }
    park(entries, reasons);
    return out;
}

void NonceAllocator::ask_again(const std::string& key, const std::string& reason) {
    unanswered_[key] = {at_.clock.steady() + kAskAgainAfter, reason};
}

bool NonceAllocator::asked_lately(const std::string& key) const {
    const auto one = unanswered_.find(key);
    return one != unanswered_.end() && one->second.due > at_.clock.steady();
}

std::string NonceAllocator::unanswered() const {
    return unanswered_.empty() ? "" : unanswered_.begin()->first + ": " + unanswered_.begin()->second.reason;
}

void NonceAllocator::park(const std::vector<TxQueueEntry>& entries,
                          const std::map<std::string, std::string>& reasons) {
    std::vector<Parked> parked;
    for (const auto& entry : entries) {
        const auto reason = reasons.find(entry.intent.key);
        if (reason == reasons.end()) {
            continue;
        }
        at_.park_backoff.back_off(entry.intent.key);
        parked.push_back({entry.intent.key, reason->second});
        if (entry.state != IntentState::kParked || entry.reason != reason->second) {
            at_.log.warn("transaction waiting", {{"intent", entry.intent.key}, {"reason", reason->second}});
        }
    }
    if (!parked.empty()) {
        at_.tx_queue.park(parked);
    }
}

U256 NonceAllocator::spent_today() {
    return at_.config.daily_budget
               ? at_.tx_queue.spent_since(std::chrono::floor<std::chrono::days>(at_.clock.now()))
               : U256(0);
}

void NonceAllocator::look_at_wallet() {
    const auto now = at_.clock.steady();
    if (looked_at_wallet_ && now - *looked_at_wallet_ < kWalletPollInterval) {
        return;
    }
    looked_at_wallet_ = now;
    at_.shown.wallet(at_.rpc.balance(at_.signer.address(), eth::Tag::kLatest), spent_today(), typical_cost_,
                     at_.config.low_at, at_.log);
}

void NonceAllocator::keep_affordable(std::vector<Ready>& ready, const eth::Fee& fee) {
    const auto wallet = at_.signer.address();
    const auto& limit = at_.config.daily_budget;
    typical_cost_ = fee.max_fee * ready.front().allocation.gas_limit;
    if (!spending_limit_) {
        spending_limit_ = SpendingLimit{at_.rpc.balance(wallet, eth::Tag::kLatest), spent_today()};
        at_.shown.wallet(spending_limit_->balance, spending_limit_->spent_today, typical_cost_,
                         at_.config.low_at, at_.log);
    }
    auto& [balance, spent] = *spending_limit_;
    std::size_t count = 0;
    for (const auto& [intent, allocation] : ready) {
        const U256 gas = fee.max_fee * allocation.gas_limit;
        if (balance < gas + intent.value) {
            at_.note("the wallet " + wallet.hex() + " has too little for gas");
            break;
        }
        if (limit && *limit < spent + gas) {
            at_.note("the budget of the day is spent: " + to_decimal(spent) + " of " + to_decimal(*limit) +
                     " wei; continues at 00:00 UTC");
            break;
        }
        balance -= gas + intent.value;
        spent += gas;
        ++count;
    }
    ready.resize(count);
}

/// Lower bound for the next nonce, from finalized blocks: a count at the head may be undone by a reorg and
/// would leave a gap. Absent: an endpoint reports a count that no finalized block shows.
std::optional<std::uint64_t> NonceAllocator::least_nonce() {
    if (!next_nonce_) {
        return at_.rpc.transaction_count(at_.signer.address(), eth::Tag::kPending);
    }
    const auto counted = at_.watch.final_count().value_or(0);
    if (counted <= *next_nonce_) {
        return 0;
    }
    // Another program uses the wallet, or the endpoint's count is false and would leave a gap.
    if (finalized_transaction_at(at_.rpc, at_.signer.address(), counted - 1, at_.watch.finalized()->number)) {
        return counted;
    }
    at_.note("an endpoint names nonce " + std::to_string(counted - 1) +
             " as used, and no finalized block shows it");
    return std::nullopt;
}

void NonceAllocator::send(const std::vector<Ready>& ready, std::uint64_t least, const eth::Fee& fee) {
    std::vector<Allocation> wanted;
    wanted.reserve(ready.size());
    for (const auto& one : ready) {
        wanted.push_back(one.allocation);
    }
    const auto nonces = at_.tx_queue.allocate(wanted, least);
    crash_point("sender.after_allocate");
    std::vector<NewTx> txs;
    for (std::size_t i = 0; i < ready.size(); ++i) {
        if (nonces[i]) {
            next_nonce_ = *nonces[i] + 1;
            at_.park_backoff.forget(ready[i].intent.key);
            // An intent that is not signed now is signed by a later pass of TxTracker.
            if (auto tx =
                    at_.broadcaster.effect(ready[i].intent, *nonces[i], ready[i].allocation.gas_limit, fee)) {
                txs.push_back(std::move(*tx));
            }
        }
    }
    at_.broadcaster.store_and_send(std::move(txs));
}

}  // namespace lamda::txsender
