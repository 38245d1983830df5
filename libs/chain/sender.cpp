#include "chain/sender.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "chain/fees.hpp"
#include "chain/log_stream.hpp"
#include "chain/nonce_proof.hpp"
#include "chain/pacing.hpp"
#include "chain/revert_reason.hpp"
#include "chain/tx_decision.hpp"
#include "core/crash_point.hpp"

namespace lamda::chain {

namespace {

constexpr std::size_t kMostEntries = 10'000;
constexpr Millis kFirstRetry{2'000};
constexpr Millis kLongestRetry{5 * 60'000};

const std::pair<IntentState, std::string_view> kStates[] = {
    {IntentState::kPending, "pending"},     {IntentState::kParked, "parked"},
    {IntentState::kAllocated, "allocated"}, {IntentState::kSent, "sent"},
    {IntentState::kMined, "mined"},         {IntentState::kDone, "done"},
    {IntentState::kFailed, "failed"}};

bool holds_nonce(const LedgerEntry& entry) {
    return entry.state == IntentState::kAllocated || entry.state == IntentState::kSent ||
           entry.state == IntentState::kMined;
}

}  // namespace

std::string_view to_string(IntentState state) {
    return std::find_if(std::begin(kStates), std::end(kStates),
                        [&](const auto& s) { return s.first == state; })
        ->second;
}

Result<IntentState> parse_intent_state(std::string_view text) {
    for (const auto& [state, name] : kStates) {
        if (name == text) {
            return state;
        }
    }
    return Error{"invalid_intent_state",
                 "an intent is pending, parked, allocated, sent, mined, done or failed", ""};
}

struct Sender::Impl {
    SenderConfig config;
    eth::Rpc& rpc;
    const crypto::Signer& signer;
    TxLedger& ledger;
    const Clock& clock;
    telemetry::Log log;
    telemetry::Health& health;
    Precheck precheck;
    FeePolicy policy;
    std::string check;
    telemetry::Gauge unmined_gauge;
    telemetry::Gauge parked_gauge;
    telemetry::Counter done_counter;
    telemetry::Counter failed_counter;
    telemetry::Counter broadcast_counter;

    struct Retry {
        Steady due;
        Millis pause;
    };
    std::map<std::string, Retry> retries;      ///< of parked intents
    std::map<std::string, Steady> broadcasts;  ///< when each was last sent by this process
    std::mutex mutex;
    std::condition_variable_any wake;
    bool nudged = false;
    std::optional<Steady> gap_since;  ///< a nonce below ours has been unused since then

    // What one pass knows of the chain.
    eth::Header head;
    std::optional<eth::Header> finalized;
    std::uint64_t latest_count = 0;
    std::optional<FeeMarket> market;
    std::map<BlockNum, std::optional<BlockHash>> hashes;
    std::string trouble;

    Impl(SenderConfig c, eth::Rpc& r, const crypto::Signer& s, TxLedger& l, const Clock& time,
         telemetry::Log to, telemetry::Metrics& metrics, telemetry::Health& h, Precheck p)
        : config(std::move(c)),
          rpc(r),
          signer(s),
          ledger(l),
          clock(time),
          log(std::move(to)),
          health(h),
          precheck(std::move(p)),
          policy{config.legacy_fees, config.min_priority_fee, config.max_fee_cap},
          check("sender:" + config.name),
          unmined_gauge(
              metrics.gauge("lamda_sender_unmined", "Sent and not mined", {{"sender", config.name}})),
          parked_gauge(
              metrics.gauge("lamda_sender_parked", "Waiting for a cause to go", {{"sender", config.name}})),
          done_counter(
              metrics.counter("lamda_sender_done_total", "Final on chain", {{"sender", config.name}})),
          failed_counter(
              metrics.counter("lamda_sender_failed_total", "Reverted on chain", {{"sender", config.name}})),
          broadcast_counter(metrics.counter("lamda_sender_broadcasts_total", "Transactions sent",
                                            {{"sender", config.name}})) {
        health.expect(check);
    }

    std::optional<BlockHash> hash_at(BlockNum number) {
        const auto [known, fresh] = hashes.try_emplace(number);
        if (fresh) {
            if (const auto header = rpc.header(eth::BlockSpec(number))) {
                known->second = header->hash;
            }
        }
        return known->second;
    }

    const FeeMarket& fees() {
        if (!market) {
            market = FeeMarket{head.base_fee.value_or(0), rpc.gas_price()};
        }
        return *market;
    }

    void look() {
        hashes.clear();
        market.reset();
        trouble.clear();
        const auto latest = rpc.header(eth::BlockSpec(eth::Tag::kLatest));
        if (!latest) {
            throw eth::BadAnswer(200, "the node names no latest block");
        }
        head = *latest;
        try {
            finalized = rpc.header(eth::BlockSpec(eth::Tag::kFinalized));
        } catch (const eth::RpcError& error) {
            finalized.reset();
            trouble = std::string("the node names no finalized block: ") + error.what();
        }
        latest_count = rpc.transaction_count(signer.address(), eth::Tag::kLatest);
    }

    // ---- what holds a nonce

    std::optional<eth::Receipt> any_receipt(const LedgerEntry& entry) {
        for (auto tx = entry.txs.rbegin(); tx != entry.txs.rend(); ++tx) {
            if (auto receipt = rpc.receipt(tx->hash)) {
                return receipt;
            }
        }
        return std::nullopt;
    }

    /// Asks only what the entry's state makes worth asking.
    TxObservation observe(const LedgerEntry& entry) {
        TxObservation seen;
        seen.latest_count = latest_count;
        if (finalized) {
            seen.finalized = finalized->number;
        }
        if (entry.txs.empty() || !entry.nonce) {
            return seen;
        }
        if (entry.state == IntentState::kSent) {
            observe_sent(entry, seen);
        } else if (entry.state == IntentState::kMined) {
            const bool final_now = finalized && finalized->number >= entry.mined_in->number;
            if (final_now || latest_count <= *entry.nonce) {
                seen.at_height = hash_at(entry.mined_in->number);
            }
            if (final_now && seen.at_height == entry.mined_in->hash) {
                seen.receipt = rpc.receipt(*entry.mined_tx);
            }
        }
        return seen;
    }

    void observe_sent(const LedgerEntry& entry, TxObservation& seen) {
        const auto last = broadcasts.find(entry.intent.key);
        seen.since_broadcast = last == broadcasts.end()
                                   ? kLongestRetry
                                   : std::chrono::duration_cast<Millis>(clock.steady() - last->second);
        seen.since_stored = clock.now() - entry.txs.back().stored_at;
        if (latest_count > *entry.nonce) {
            seen.receipt = any_receipt(entry);
            if (seen.receipt) {
                seen.at_height = hash_at(seen.receipt->block.number);
            } else if (finalized) {
                const auto who =
                    finalized_transaction_at(rpc, signer.address(), *entry.nonce, finalized->number);
                seen.foreign_proven = who && std::none_of(entry.txs.begin(), entry.txs.end(),
                                                          [&](const auto& tx) { return tx.hash == *who; });
            }
        } else if (seen.since_broadcast >= config.rebroadcast_after) {
            seen.known_to_node = rpc.transaction(entry.txs.back().hash).has_value();
        }
    }

    void follow(LedgerEntry& entry) {
        const auto seen = observe(entry);
        switch (decide(entry, seen, config)) {
            case TxAction::kWait:
                return;
            case TxAction::kSign:
                sign_and_send(entry, first_fee(policy, fees()));
                return;
            case TxAction::kBroadcast:
                broadcast(entry);
                return;
            case TxAction::kBump:
                bump(entry, seen);
                return;
            case TxAction::kMined:
                crash_point("sender.after_receipt");
                ledger.mark_mined(entry.intent.key, seen.receipt->tx_hash, seen.receipt->block);
                entry.state = IntentState::kMined;
                return;
            case TxAction::kUnmined:
                log.warn("transaction reorganised away", {{"intent", entry.intent.key}});
                ledger.mark_unmined(entry.intent.key);
                entry.state = IntentState::kSent;
                return;
            case TxAction::kDone:
                crash_point("sender.before_done");
                ledger.mark_done(entry.intent.key, seen.receipt->tx_hash, seen.receipt->block);
                finish(entry, done_counter, "intent done", seen.receipt->tx_hash.hex());
                return;
            case TxAction::kFailed: {
                const auto reason = why_reverted(entry, *seen.receipt);
                ledger.mark_failed(entry.intent.key, reason);
                finish(entry, failed_counter, "intent failed", reason);
                return;
            }
            case TxAction::kRelease:
                log.warn("another transaction used the nonce",
                         {{"intent", entry.intent.key}, {"nonce", *entry.nonce}});
                ledger.release_nonce(
                    entry.intent.key,
                    "a finalized block holds a foreign transaction at nonce " + std::to_string(*entry.nonce));
                entry.state = IntentState::kPending;
                return;
        }
    }

    void finish(LedgerEntry& entry, telemetry::Counter& counter, const char* what,
                const std::string& detail) {
        log.info(what, {{"intent", entry.intent.key}, {"detail", detail}});
        counter.add();
        broadcasts.erase(entry.intent.key);
        entry.state = IntentState::kDone;
    }

    std::string why_reverted(const LedgerEntry& entry, const eth::Receipt& receipt) {
        const auto where = "reverted in block " + std::to_string(receipt.block.number.value);
        try {
            rpc.call(request_of(entry.intent), eth::BlockSpec(receipt.block.number - 1));
        } catch (const eth::RpcError& error) {
            return where + ": " + revert_reason(error);
        }
        return where + ", having used " + std::to_string(receipt.gas_used) + " gas";
    }

    void bump(LedgerEntry& entry, const TxObservation& seen) {
        if (const auto fee = bumped_fee(policy, entry.txs.back().fee, fees())) {
            sign_and_send(entry, fee);
            return;
        }
        trouble = "nonce " + std::to_string(*entry.nonce) + " is not mined and its fee is at the cap";
        if (seen.since_broadcast >= config.rebroadcast_after && !seen.known_to_node) {
            broadcast(entry);
        }
    }

    void sign_and_send(LedgerEntry& entry, const std::optional<eth::Fee>& fee) {
        if (!fee) {
            trouble = "the base fee is above the cap";
            return;
        }
        const eth::Transaction tx{
            config.chain_id,    *entry.nonce,     *fee, entry.gas_limit.value_or(0), entry.intent.to,
            entry.intent.value, entry.intent.data};
        const auto signed_tx = eth::sign(tx, signer);
        crash_point("sender.after_sign");
        const StoredTx stored{signed_tx.hash, signed_tx.raw, *fee, clock.now()};
        if (!ledger.store_tx(entry.intent.key, *entry.nonce, stored)) {
            return;  // the allocation does not stand any more: these bytes must never be seen
        }
        crash_point("sender.after_store");
        entry.txs.push_back(stored);
        broadcast(entry);
    }

    void broadcast(LedgerEntry& entry) {
        const auto& tx = entry.txs.back();
        broadcasts[entry.intent.key] = clock.steady();
        broadcast_counter.add();
        try {
            rpc.send_raw_transaction(tx.raw);
        } catch (const eth::RpcError& error) {
            // "already known", "nonce too low", "underpriced": texts differ; counts and receipts will tell.
            log.debug("node refuses transaction", {{"intent", entry.intent.key}, {"reason", error.what()}});
            if (latest_count <= *entry.nonce && !rpc.transaction(tx.hash)) {
                trouble = "the node refuses nonce " + std::to_string(*entry.nonce) + ": " + error.what();
            }
        }
        crash_point("sender.after_broadcast");
        if (entry.state == IntentState::kAllocated) {
            ledger.mark_sent(entry.intent.key);
            entry.state = IntentState::kSent;
        }
    }

    // ---- what holds none yet

    eth::CallRequest request_of(const Intent& intent) const {
        return {signer.address(), intent.to, intent.data, intent.value};
    }

    void park(const LedgerEntry& entry, const std::string& reason) {
        auto& retry = retries[entry.intent.key];
        retry.pause = std::clamp(retry.pause * 2, kFirstRetry, kLongestRetry);
        retry.due = clock.steady() + retry.pause;
        if (entry.state != IntentState::kParked || entry.reason != reason) {
            log.warn("intent parked", {{"intent", entry.intent.key}, {"reason", reason}});
            ledger.park(entry.intent.key, reason);
        }
    }

    bool due(const LedgerEntry& entry) const {
        const auto retry = retries.find(entry.intent.key);
        return retry == retries.end() || retry->second.due <= clock.steady();
    }

    /// What the wallet's nonces have surely passed. Finality, not the head: a count that a reorg takes back
    /// would leave a gap that nothing fills.
    std::uint64_t least_nonce() {
        if (!ledger.next_nonce()) {
            return rpc.transaction_count(signer.address(), eth::Tag::kPending);
        }
        try {
            return finalized ? rpc.transaction_count(signer.address(), eth::BlockSpec(finalized->number)) : 0;
        } catch (const eth::RpcError&) {
            return 0;  // the node keeps no state that old; the ledger knows better anyway
        }
    }

    /// False: no other intent can go now either.
    bool begin(LedgerEntry& entry) {
        if (const auto reason = precheck ? precheck(entry.intent) : std::nullopt) {
            park(entry, *reason);
            return true;
        }
        std::uint64_t gas = 0;
        try {
            gas = rpc.estimate_gas(request_of(entry.intent));
        } catch (const eth::RpcError& error) {
            park(entry, "would revert: " + revert_reason(error));
            return true;
        }
        const auto fee = first_fee(policy, fees());
        if (!fee) {
            trouble = "the base fee is above the cap";
            return false;
        }
        gas += gas * config.gas_margin_percent / 100;
        if (rpc.balance(signer.address(), eth::Tag::kLatest) < fee->max_fee * gas + entry.intent.value) {
            trouble = "the wallet " + signer.address().hex() + " has too little for gas";
            return false;
        }
        const auto nonce = ledger.allocate(entry.intent.key, least_nonce(), gas);
        if (!nonce) {
            return true;
        }
        crash_point("sender.after_allocate");
        retries.erase(entry.intent.key);
        entry.state = IntentState::kAllocated;
        entry.nonce = nonce;
        entry.gas_limit = gas;
        sign_and_send(entry, fee);
        return true;
    }

    /// A transaction below ours that somebody else sent, and that a reorg or its pool forgot: nothing of ours
    /// can be mined until the nonce is used. An empty transfer to the wallet itself uses it; should the lost
    /// one return, only one of the two is mined.
    void fill_gap(const std::vector<LedgerEntry>& entries) {
        std::optional<std::uint64_t> lowest;
        for (const auto& entry : entries) {
            if (holds_nonce(entry) && entry.state != IntentState::kMined && entry.nonce) {
                lowest = std::min(lowest.value_or(*entry.nonce), *entry.nonce);
            }
        }
        if (!lowest || latest_count >= *lowest) {
            gap_since.reset();
            return;
        }
        gap_since = gap_since.value_or(clock.steady());
        if (clock.steady() - *gap_since < config.bump_after ||
            rpc.transaction_count(signer.address(), eth::Tag::kPending) > latest_count) {
            return;
        }
        const auto fee = first_fee(policy, fees());
        trouble = "nonce " + std::to_string(latest_count) + " is missing before ours";
        if (fee) {
            const eth::Transaction tx{config.chain_id, latest_count, *fee, 21'000, signer.address(), 0, {}};
            log.warn("filling a gap of nonces", {{"sender", config.name}, {"nonce", latest_count}});
            gap_since.reset();
            try {
                rpc.send_raw_transaction(eth::sign(tx, signer).raw);
            } catch (const eth::RpcError& error) {
                trouble += std::string("; the node refuses to fill it: ") + error.what();
            }
        }
    }

    void step() {
        auto entries = ledger.open_entries(kMostEntries);
        look();
        std::size_t unmined = 0;
        for (auto& entry : entries) {
            if (holds_nonce(entry)) {
                follow(entry);
                unmined +=
                    entry.state == IntentState::kAllocated || entry.state == IntentState::kSent ? 1 : 0;
            }
        }
        fill_gap(entries);
        std::size_t parked = 0;
        bool going = true;
        for (auto& entry : entries) {
            const bool waiting = !holds_nonce(entry) && entry.state != IntentState::kDone;
            if (going && waiting && unmined < config.max_unmined && due(entry)) {
                going = begin(entry);
                unmined += holds_nonce(entry) ? 1 : 0;
            }
            parked += retries.contains(entry.intent.key) ? 1 : 0;
        }
        unmined_gauge.set(static_cast<double>(unmined));
        parked_gauge.set(static_cast<double>(parked));
    }

    void show(bool ok, const std::string& detail) {
        if (health.set(check, ok, detail)) {
            if (ok) {
                log.info("sender ready", {{"sender", config.name}});
            } else {
                log.warn("sender waits", {{"sender", config.name}, {"reason", detail}});
            }
        }
    }
};

Sender::Sender(SenderConfig config, eth::Rpc& rpc, const crypto::Signer& signer, TxLedger& ledger,
               const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics, telemetry::Health& health,
               Precheck precheck)
    : impl_(std::make_unique<Impl>(std::move(config), rpc, signer, ledger, clock, std::move(log), metrics,
                                   health, std::move(precheck))) {}

Sender::~Sender() = default;

void Sender::step() {
    try {
        impl_->step();
        impl_->show(impl_->trouble.empty(), impl_->trouble);
    } catch (const std::exception& error) {
        impl_->show(false, error.what());
        throw;
    }
}

void Sender::nudge() {
    const std::lock_guard lock(impl_->mutex);
    impl_->nudged = true;
    impl_->wake.notify_all();
}

void Sender::run(const std::stop_token& stop, Millis pace) {
    Backoff backoff(Millis(200), Millis(10'000));
    while (!stop.stop_requested()) {
        auto wait = pace;
        try {
            step();
            backoff.reset();
        } catch (const ConfigContradiction&) {
            throw;
        } catch (const std::exception&) {
            wait = backoff.next();  // step() has said why
        }
        std::unique_lock lock(impl_->mutex);
        impl_->wake.wait_for(lock, stop, wait, [&] { return impl_->nudged; });
        impl_->nudged = false;
    }
}

}  // namespace lamda::chain
