#include "pipeline/tx_ledger.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "pipeline/test_database.hpp"

using namespace lamda;
using namespace lamda::pipeline;
using chain::IntentState;

namespace {

struct Fixture : TestDatabase {
    const Address wallet = *Address::parse("0x00000000000000000000000000000000000000aa");
    const ChainId opbnb{5611};
    PgTxLedger ledger{db, wallet, opbnb};

    static chain::Intent intent(const std::string& key) {
        chain::Intent out;
        out.key = key;
        out.to = *Address::parse("0x00000000000000000000000000000000000000bb");
        out.value = 5;
        out.data = {0x01, 0x00, 0xff};
        return out;
    }
    bool put(const std::string& key) {
        return db.transact([&](store::Txn& txn) { return put_intent(txn, wallet, opbnb, intent(key)); });
    }
    static TxHash hash(std::uint8_t n) {
        TxHash out;
        out.array()[0] = n;
        return out;
    }
    static chain::StoredTx tx(std::uint8_t n, bool legacy = false) {
        chain::StoredTx out;
        out.hash = hash(n);
        out.raw = {0x02, n};
        out.fee = {legacy, U256(1'000 + n), U256(legacy ? 0 : 7)};
        out.stored_at = from_unix_seconds(1'700'000'000u + n);
        return out;
    }
    static BlockRef block(std::uint64_t n) { return {BlockNum{n}, BlockHash{}}; }
    chain::LedgerEntry only() {
        const auto all = ledger.open_entries(10);
        REQUIRE(all.size() == 1);
        return all[0];
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "an intent goes its way from pending to done, and is read back as it is at each step") {
    REQUIRE_FALSE(ledger.next_nonce().has_value());
    REQUIRE(ledger.open_entries(10).empty());
    REQUIRE(put("increment:1"));
    REQUIRE_FALSE(put("increment:1"));
    auto entry = only();
    REQUIRE(entry.state == IntentState::kPending);
    REQUIRE(entry.intent.key == "increment:1");
    REQUIRE(entry.intent.to == intent("").to);
    REQUIRE(entry.intent.value == 5);
    REQUIRE(entry.intent.data == intent("").data);
    REQUIRE_FALSE(entry.nonce);
    REQUIRE_FALSE(ledger.next_nonce().has_value());

    REQUIRE(ledger.allocate("increment:1", 7, 60'000) == 7u);
    REQUIRE(ledger.next_nonce() == 8u);
    REQUIRE(ledger.store_tx("increment:1", 7, tx(1)));
    REQUIRE(ledger.store_tx("increment:1", 7, tx(2)));
    REQUIRE(ledger.store_tx("increment:1", 7, tx(2)));
    entry = only();
    REQUIRE(entry.state == IntentState::kAllocated);
    REQUIRE(entry.nonce == 7u);
    REQUIRE(entry.gas_limit == 60'000u);
    REQUIRE(entry.txs.size() == 2);
    REQUIRE(entry.txs[0].hash == hash(1));
    REQUIRE(entry.txs[1].raw == tx(2).raw);
    REQUIRE(entry.txs[1].fee == tx(2).fee);
    REQUIRE(entry.txs[1].stored_at == tx(2).stored_at);

    ledger.mark_sent("increment:1");
    REQUIRE(only().state == IntentState::kSent);
    ledger.mark_mined("increment:1", hash(2), block(100));
    entry = only();
    REQUIRE(entry.state == IntentState::kMined);
    REQUIRE(entry.mined_tx == hash(2));
    REQUIRE(entry.mined_in == block(100));
    ledger.mark_unmined("increment:1");
    entry = only();
    REQUIRE(entry.state == IntentState::kSent);
    REQUIRE_FALSE(entry.mined_in);
    REQUIRE(entry.nonce == 7u);
    ledger.mark_mined("increment:1", hash(1), block(101));
    ledger.mark_done("increment:1", hash(1), block(101));
    REQUIRE(ledger.open_entries(10).empty());
}

TEST_CASE_METHOD(Fixture, "what comes late or again changes nothing") {
    put("a");
    // Without a nonce nothing can be sent or mined.
    ledger.mark_sent("a");
    ledger.mark_mined("a", hash(1), block(1));
    ledger.mark_unmined("a");
    ledger.release_nonce("a", "x");
    REQUIRE(only().state == IntentState::kPending);
    REQUIRE_FALSE(ledger.store_tx("a", 0, tx(1)));
    REQUIRE_FALSE(ledger.allocate("absent", 0, 1).has_value());
    REQUIRE(ledger.allocate("a", 0, 1) == 0u);
    REQUIRE_FALSE(ledger.allocate("a", 0, 1).has_value());
    REQUIRE(ledger.next_nonce() == 1u);
    ledger.park("a", "too late");
    REQUIRE(only().state == IntentState::kAllocated);
    REQUIRE_FALSE(ledger.store_tx("a", 1, tx(1)));  // another nonce
    ledger.mark_done("a", hash(1), block(1));
    ledger.mark_failed("a", "too late");
    ledger.mark_sent("a");
    ledger.release_nonce("a", "too late");
    REQUIRE_FALSE(ledger.allocate("a", 5, 1).has_value());
    REQUIRE_FALSE(ledger.store_tx("a", 0, tx(1)));
    REQUIRE(ledger.open_entries(10).empty());
    REQUIRE_FALSE(put("a"));
    put("b");
    ledger.mark_failed("b", "reverted");
    ledger.mark_done("b", hash(2), block(2));
    const auto state = db.transact(
        [](store::Txn& txn) { return txn.one("SELECT state, reason FROM chain.intent WHERE key = 'b'"); });
    REQUIRE(state.get<std::string>("state") == "failed");
    REQUIRE(state.get<std::string>("reason") == "reverted");
}

TEST_CASE_METHOD(Fixture, "a parked intent takes no nonce, tells why, and goes when its cause is gone") {
    put("a");
    ledger.park("a", "the provider is not registered");
    REQUIRE(only().state == IntentState::kParked);
    REQUIRE(only().reason == "the provider is not registered");
    REQUIRE_FALSE(ledger.next_nonce().has_value());
    REQUIRE(ledger.allocate("a", 3, 1) == 3u);
    REQUIRE(only().reason.empty());
}

TEST_CASE_METHOD(Fixture,
                 "an intent that gives its nonce up takes a new one and leaves its old bytes behind") {
    put("a");
    REQUIRE(ledger.allocate("a", 4, 1) == 4u);
    REQUIRE(ledger.store_tx("a", 4, tx(1)));
    ledger.mark_sent("a");
    ledger.release_nonce("a", "another transaction has nonce 4");
    auto entry = only();
    REQUIRE(entry.state == IntentState::kPending);
    REQUIRE_FALSE(entry.nonce);
    REQUIRE(entry.txs.empty());
    REQUIRE_FALSE(ledger.store_tx("a", 4, tx(2)));  // a sleeper wakes
    REQUIRE(ledger.allocate("a", 0, 1) == 5u);
    REQUIRE(ledger.store_tx("a", 5, tx(3, true)));
    entry = only();
    REQUIRE(entry.txs.size() == 1);
    REQUIRE(entry.txs[0].fee.legacy);
}

TEST_CASE_METHOD(Fixture, "open entries: with a nonce first, parked ones last and in turn") {
    for (const char* key : {"p1", "p2", "n1", "n2", "f"}) {
        put(key);
    }
    ledger.park("p1", "x");
    ledger.park("p2", "x");
    ledger.allocate("f", 0, 1);
    const auto keys = [&](std::size_t most) {
        std::vector<std::string> out;
        for (const auto& entry : ledger.open_entries(most)) {
            out.push_back(entry.intent.key);
        }
        return out;
    };
    REQUIRE(keys(10) == std::vector<std::string>{"f", "n1", "n2", "p1", "p2"});
    REQUIRE(keys(2) == std::vector<std::string>{"f", "n1"});
    ledger.park("p1", "still");
    REQUIRE(keys(10) == std::vector<std::string>{"f", "n1", "n2", "p2", "p1"});
}

TEST_CASE_METHOD(Fixture, "eight allocators at once: each intent one nonce, each nonce one intent, no gaps") {
    constexpr int kIntents = 40;
    for (int i = 0; i < kIntents; ++i) {
        put("i" + std::to_string(i));
    }
    std::mutex mutex;
    std::multiset<std::uint64_t> given;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            PgTxLedger own(db, wallet, opbnb);
            for (int i = 0; i < kIntents; ++i) {
                if (const auto nonce = own.allocate("i" + std::to_string(i), 10, 1)) {
                    std::lock_guard lock(mutex);
                    given.insert(*nonce);
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    REQUIRE(given.size() == kIntents);
    REQUIRE(*given.begin() == 10);
    REQUIRE(*given.rbegin() == 10 + kIntents - 1);
    REQUIRE(std::set<std::uint64_t>(given.begin(), given.end()).size() == kIntents);
    REQUIRE(ledger.next_nonce() == 10u + kIntents);
}

TEST_CASE_METHOD(Fixture, "wallets and chains have ledgers of their own") {
    put("a");
    ledger.allocate("a", 9, 1);
    PgTxLedger other_chain(db, wallet, ChainId{97});
    REQUIRE_FALSE(other_chain.next_nonce().has_value());
    REQUIRE(other_chain.open_entries(10).empty());
    other_chain.mark_failed("a", "not mine");
    REQUIRE(only().state == IntentState::kAllocated);
    db.transact([&](store::Txn& txn) { REQUIRE(put_intent(txn, wallet, ChainId{97}, intent("a"))); });
    REQUIRE(other_chain.allocate("a", 0, 1) == 0u);
}
