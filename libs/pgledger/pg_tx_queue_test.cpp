#include "pgledger/pg_tx_queue.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "testkit/pipeline_database.hpp"
#include "txsender/tx_queue_state.hpp"

using namespace lamda;
using namespace lamda::pgledger;
using txsender::IntentState;

namespace {

struct Fixture : testkit::TestDatabase {
    const Address wallet = *Address::parse("0x00000000000000000000000000000000000000aa");
    const ChainId opbnb{5611};
    PgTxQueue tx_queue{db, wallet, opbnb};

    static txsender::Intent intent(const std::string& key) {
        txsender::Intent out;
        out.key = key;
        out.to = *Address::parse("0x00000000000000000000000000000000000000bb");
        out.value = 5;
        out.data = {0x01, 0x00, 0xff};
        return out;
    }
    bool put(const std::string& key) {
        return db.transact(
            [&](store::Txn& txn) { return put_intents(txn, wallet, opbnb, {intent(key)}) == 1; });
    }
    static TxHash hash(std::uint8_t n) {
        TxHash out;
        out.array()[0] = n;
        return out;
    }
    static txsender::StoredTx tx(std::uint8_t n, bool legacy = false) {
        txsender::StoredTx out;
        out.hash = hash(n);
        out.raw = {0x02, n};
        out.fee = {legacy, U256(1'000 + n), U256(legacy ? 0 : 7)};
        out.stored_at = from_unix_seconds(1'700'000'000u + n);
        return out;
    }
    static BlockRef block(std::uint64_t n) { return {BlockNum{n}, BlockHash{}}; }
    static std::vector<txsender::TxQueueEntry> all_in_flight(PgTxQueue& tx_queue, std::size_t most) {
        return tx_queue.in_flight({0, std::nullopt}, most);  // no nonce is used: every entry is read
    }
    static std::vector<txsender::TxQueueEntry> open_of(PgTxQueue& tx_queue, std::size_t most) {
        auto out = all_in_flight(tx_queue, most);
        const auto waiting = tx_queue.waiting(most - out.size());
        out.insert(out.end(), waiting.begin(), waiting.end());
        return out;
    }
    txsender::TxQueueEntry only() {
        const auto all = open_of(tx_queue, 10);
        REQUIRE(all.size() == 1);
        return all[0];
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "an intent goes from pending to done, and each step is read back correctly") {
    REQUIRE_FALSE(tx_queue.next_nonce().has_value());
    REQUIRE(open_of(tx_queue, 10).empty());
    REQUIRE(put("increment:1"));
    REQUIRE_FALSE(put("increment:1"));
    auto entry = only();
    REQUIRE(entry.state == txsender::IntentState::kPending);
    REQUIRE(entry.intent.key == "increment:1");
    REQUIRE(entry.intent.to == intent("").to);
    REQUIRE(entry.intent.value == 5);
    REQUIRE(entry.intent.data == intent("").data);
    REQUIRE_FALSE(entry.nonce);
    REQUIRE_FALSE(tx_queue.next_nonce().has_value());

    REQUIRE(tx_queue.allocate({{"increment:1", 60'000}}, 7).front() == 7u);
    REQUIRE(tx_queue.next_nonce() == 8u);
    REQUIRE(tx_queue.store({{"increment:1", 7, tx(1)}}).front());
    REQUIRE(tx_queue.store({{"increment:1", 7, tx(2)}}).front());
    REQUIRE(tx_queue.store({{"increment:1", 7, tx(2)}}).front());
    entry = only();
    REQUIRE(entry.state == txsender::IntentState::kAllocated);
    REQUIRE(entry.nonce == 7u);
    REQUIRE(entry.gas_limit == 60'000u);
    REQUIRE(entry.txs.size() == 2);
    REQUIRE(entry.txs[0].hash == hash(1));
    REQUIRE(entry.txs[1].raw == tx(2).raw);
    REQUIRE(entry.txs[1].fee == tx(2).fee);
    REQUIRE(entry.txs[1].stored_at == tx(2).stored_at);

    tx_queue.mark_sent({"increment:1"});
    REQUIRE(only().state == txsender::IntentState::kSent);
    tx_queue.mark_mined({{"increment:1", 7, hash(2), block(100), 9}});
    entry = only();
    REQUIRE(entry.state == txsender::IntentState::kMined);
    REQUIRE(entry.mined_tx == hash(2));
    REQUIRE(entry.mined_in == block(100));
    tx_queue.mark_unmined({"increment:1"});
    entry = only();
    REQUIRE(entry.state == txsender::IntentState::kSent);
    REQUIRE_FALSE(entry.mined_in);
    REQUIRE(entry.nonce == 7u);
    tx_queue.mark_mined({{"increment:1", 7, hash(1), block(101), 9}});
    tx_queue.mark_done({{"increment:1", 7, hash(1), block(101), 9}});
    REQUIRE(open_of(tx_queue, 10).empty());
}

TEST_CASE_METHOD(Fixture, "a late or repeated change has no effect") {
    put("a");
    // Without a nonce an intent cannot be sent or mined.
    tx_queue.mark_sent({"a"});
    tx_queue.mark_mined({{"a", 0, hash(1), block(1), 9}});
    tx_queue.mark_unmined({"a"});
    tx_queue.release_nonce("a", 0, "x", false);
    REQUIRE(only().state == txsender::IntentState::kPending);
    REQUIRE_FALSE(tx_queue.store({{"a", 0, tx(1)}}).front());
    REQUIRE_FALSE(tx_queue.allocate({{"absent", 1}}, 0).front().has_value());
    REQUIRE(tx_queue.allocate({{"a", 1}}, 0).front() == 0u);
    REQUIRE_FALSE(tx_queue.allocate({{"a", 1}}, 0).front().has_value());
    REQUIRE(tx_queue.next_nonce() == 1u);
    tx_queue.park({{"a", "too late"}});
    REQUIRE(only().state == txsender::IntentState::kAllocated);
    REQUIRE_FALSE(tx_queue.store({{"a", 1, tx(1)}}).front());  // another nonce
    tx_queue.mark_done({{"a", 0, hash(1), block(1), 9}});
    tx_queue.mark_failed("a", 0, "too late");
    tx_queue.mark_sent({"a"});
    tx_queue.release_nonce("a", 0, "too late", false);
    REQUIRE_FALSE(tx_queue.allocate({{"a", 1}}, 5).front().has_value());
    REQUIRE_FALSE(tx_queue.store({{"a", 0, tx(1)}}).front());
    REQUIRE(open_of(tx_queue, 10).empty());
    REQUIRE_FALSE(put("a"));
    put("b");
    tx_queue.mark_failed("b", std::nullopt, "reverted");
    tx_queue.mark_done({{"b", 0, hash(2), block(2), 9}});
    const auto state = db.transact(
        [](store::Txn& txn) { return txn.one("SELECT state, reason FROM chain.intent WHERE key = 'b'"); });
    REQUIRE(state.get<std::string>("state") == "failed");
    REQUIRE(state.get<std::string>("reason") == "reverted");
}

TEST_CASE_METHOD(
    Fixture, "a parked intent takes no nonce, shows its reason, and is allocated once the reason is gone") {
    put("a");
    tx_queue.park({{"a", "the provider is not registered"}});
    REQUIRE(only().state == txsender::IntentState::kParked);
    REQUIRE(only().reason == "the provider is not registered");
    REQUIRE_FALSE(tx_queue.next_nonce().has_value());
    REQUIRE(tx_queue.allocate({{"a", 1}}, 3).front() == 3u);
    REQUIRE(only().reason.empty());
}

TEST_CASE_METHOD(Fixture,
                 "an intent that gives up its nonce takes a new one and no longer shows the old bytes") {
    put("a");
    REQUIRE(tx_queue.allocate({{"a", 1}}, 4).front() == 4u);
    REQUIRE(tx_queue.store({{"a", 4, tx(1)}}).front());
    tx_queue.mark_sent({"a"});
    tx_queue.release_nonce("a", 4, "another transaction has nonce 4", false);
    auto entry = only();
    REQUIRE(entry.state == txsender::IntentState::kPending);
    REQUIRE_FALSE(entry.nonce);
    REQUIRE(entry.txs.empty());
    REQUIRE_FALSE(tx_queue.store({{"a", 4, tx(2)}}).front());  // a late call of another instance
    REQUIRE(tx_queue.allocate({{"a", 1}}, 0).front() == 5u);
    REQUIRE(tx_queue.store({{"a", 5, tx(3, true)}}).front());
    entry = only();
    REQUIRE(entry.txs.size() == 1);
    REQUIRE(entry.txs[0].fee.legacy);
}

TEST_CASE_METHOD(Fixture, "open entries: with a nonce first, parked ones last and in rotation") {
    for (const char* key : {"p1", "p2", "n1", "n2", "f"}) {
        put(key);
    }
    tx_queue.park({{"p1", "x"}});
    tx_queue.park({{"p2", "x"}});
    tx_queue.allocate({{"f", 1}}, 0);
    const auto keys = [&](std::size_t most) {
        std::vector<std::string> out;
        for (const auto& entry : open_of(tx_queue, most)) {
            out.push_back(entry.intent.key);
        }
        return out;
    };
    REQUIRE(keys(10) == std::vector<std::string>{"f", "n1", "n2", "p1", "p2"});
    REQUIRE(keys(2) == std::vector<std::string>{"f", "n1"});
    tx_queue.park({{"p1", "still"}});
    REQUIRE(keys(10) == std::vector<std::string>{"f", "n1", "n2", "p2", "p1"});
}

TEST_CASE_METHOD(Fixture, "eight concurrent allocators: one nonce for one intent, without gaps") {
    constexpr int kIntents = 40;
    for (int i = 0; i < kIntents; ++i) {
        put("i" + std::to_string(i));
    }
    std::mutex mutex;
    std::multiset<std::uint64_t> given;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            PgTxQueue own(db, wallet, opbnb);
            for (int i = 0; i < kIntents; ++i) {
                if (const auto nonce = own.allocate({{"i" + std::to_string(i), 1}}, 10).front()) {
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
    REQUIRE(tx_queue.next_nonce() == 10u + kIntents);
}

TEST_CASE_METHOD(Fixture, "the queues of different wallets and chains are independent") {
    put("a");
    tx_queue.allocate({{"a", 1}}, 9);
    PgTxQueue other_chain(db, wallet, ChainId{97});
    REQUIRE_FALSE(other_chain.next_nonce().has_value());
    REQUIRE(open_of(other_chain, 10).empty());
    other_chain.mark_failed("a", 9, "not mine");
    REQUIRE(only().state == txsender::IntentState::kAllocated);
    db.transact([&](store::Txn& txn) { REQUIRE(put_intents(txn, wallet, ChainId{97}, {intent("a")}) == 1); });
    REQUIRE(other_chain.allocate({{"a", 1}}, 0).front() == 0u);
}

TEST_CASE_METHOD(Fixture, "a batch: nonces in the order of the request, for the intents that wait") {
    for (const char* key : {"a", "b", "c", "d"}) {
        put(key);
    }
    REQUIRE(tx_queue.allocate({{"b", 1}}, 5).front() == 5u);
    const auto given = tx_queue.allocate({{"d", 1}, {"b", 1}, {"absent", 1}, {"a", 2}}, 0);
    REQUIRE(given == std::vector<std::optional<std::uint64_t>>{6u, std::nullopt, std::nullopt, 7u});
    const auto stands = tx_queue.store({{"d", 6, tx(1)}, {"a", 6, tx(2)}, {"a", 7, tx(3)}});
    REQUIRE(stands == std::vector<bool>{true, false, true});
    const auto flying = all_in_flight(tx_queue, 10);
    REQUIRE(flying.size() == 3);
    REQUIRE(flying[1].intent.key == "d");
    REQUIRE(flying[1].txs.size() == 1);
    REQUIRE(flying[2].gas_limit == 2u);
    REQUIRE(tx_queue.waiting(10).size() == 1);
}

TEST_CASE_METHOD(Fixture, "in_flight returns the entries whose state on chain may have changed") {
    for (std::uint64_t nonce = 0; nonce < 9; ++nonce) {
        const auto key = std::string(1, static_cast<char>('a' + nonce));
        put(key);
        tx_queue.allocate({{key, 1}}, 0);
        tx_queue.store({{key, nonce, tx(static_cast<std::uint8_t>(nonce))}});
        if (nonce >= 1 && nonce <= 4) {
            tx_queue.mark_mined({{key, nonce, hash(static_cast<std::uint8_t>(nonce)), block(10 + nonce), 1}});
        }
    }
    const auto nonces = [&](const txsender::ChainLook& look, std::size_t most) {
        std::vector<std::uint64_t> out;
        for (const auto& entry : tx_queue.in_flight(look, most)) {
            REQUIRE(entry.txs.size() == 1);
            out.push_back(*entry.nonce);
        }
        return out;
    };
    using Nonces = std::vector<std::uint64_t>;
    CHECK(nonces({7, std::nullopt}, 10) == Nonces{0, 5, 6, 7, 8});
    CHECK(nonces({7, BlockNum{12}}, 10) == Nonces{0, 1, 2, 5, 6, 7, 8});
    CHECK(nonces({3, BlockNum{11}}, 10) == Nonces{0, 1, 3, 4, 5, 6, 7, 8});  // a reorg removed two
    CHECK(nonces({7, BlockNum{20}}, 2) == Nonces{0, 1, 2, 5, 7, 8});
    txsender::TxQueueState same;
    same.entries = tx_queue.in_flight({0, BlockNum{20}}, 10);
    for (std::uint64_t used = 0; used < 10; ++used) {
        const txsender::ChainLook look{used, BlockNum{8 + used}};
        for (std::size_t most = 1; most < 10; ++most) {
            CHECK(tx_queue.in_flight(look, most) == same.in_flight(look, most));
        }
    }
}

TEST_CASE_METHOD(Fixture, "a filler takes only a nonce that no intent holds") {
    put("a");
    tx_queue.allocate({{"a", 1}}, 4);
    REQUIRE_FALSE(tx_queue.fill(4, wallet, 21'000));
    REQUIRE(tx_queue.fill(3, wallet, 21'000));
    REQUIRE_FALSE(tx_queue.fill(3, wallet, 21'000));
    const auto flying = all_in_flight(tx_queue, 10);
    REQUIRE(flying.size() == 2);
    REQUIRE(txsender::is_fill(flying[0].intent));
    REQUIRE(flying[0].intent.to == wallet);
    REQUIRE(flying[0].state == txsender::IntentState::kAllocated);
    REQUIRE(tx_queue.next_nonce() == 5u);
}

TEST_CASE_METHOD(Fixture, "a result for a nonce that an intent gave up does not affect its new nonce") {
    put("a");
    REQUIRE(tx_queue.allocate({{"a", 1}}, 4).front() == 4u);
    tx_queue.store({{"a", 4, tx(1)}});
    tx_queue.mark_sent({"a"});
    tx_queue.release_nonce("a", 4, "another transaction has nonce 4", false);
    tx_queue.mark_failed("a", 4, "late");
    REQUIRE(only().state == txsender::IntentState::kPending);
    REQUIRE(tx_queue.allocate({{"a", 1}}, 0).front() == 5u);
    tx_queue.store({{"a", 5, tx(2)}});
    tx_queue.mark_sent({"a"});
    const auto before = only();
    // Another instance saw all this of nonce 4 and acts on it only now.
    tx_queue.release_nonce("a", 4, "late", true);
    tx_queue.mark_mined({{"a", 4, hash(1), block(1), 9}});
    tx_queue.mark_done({{"a", 4, hash(1), block(1), 9}});
    tx_queue.mark_failed("a", 4, "late");
    tx_queue.mark_failed("a", std::nullopt, "cancelled before it was sent");
    REQUIRE(only() == before);
    tx_queue.mark_failed("a", 5, "reverted");
    REQUIRE(open_of(tx_queue, 10).empty());
}

TEST_CASE_METHOD(Fixture, "spent: fees of mined transactions and the maximum fees of those in flight") {
    const auto today = from_unix_seconds(0);
    put("a");
    put("b");
    tx_queue.allocate({{"a", 100}, {"b", 100}}, 0);
    REQUIRE(tx_queue.spent_since(today) == 0);
    tx_queue.store({{"a", 0, tx(1)}, {"a", 0, tx(2)}, {"b", 1, tx(3)}});
    REQUIRE(tx_queue.spent_since(today) == U256(100) * 1'002 + U256(100) * 1'003);
    tx_queue.mark_sent({"a", "b"});
    tx_queue.mark_mined({{"a", 0, hash(2), block(3), 70'000}});
    REQUIRE(tx_queue.spent_since(today) == U256(70'000) + U256(100) * 1'003);
    tx_queue.mark_mined({{"a", 0, hash(2), block(3), 70'000}});
    tx_queue.release_nonce("a", 0, "reverted", true);
    tx_queue.allocate({{"a", 100}}, 0);
    tx_queue.store({{"a", 2, tx(4)}});
    tx_queue.mark_mined({{"a", 2, hash(4), block(5), 60'000}});
    REQUIRE(tx_queue.spent_since(today) == U256(130'000) + U256(100) * 1'003);
    REQUIRE(tx_queue.spent_since(SystemClock().now() + Millis(86'400'000)) == U256(100) * 1'003);
    const auto entry = all_in_flight(tx_queue, 10).back();
    REQUIRE(entry.intent.key == "a");
    REQUIRE(entry.reverts == 1);
}

TEST_CASE_METHOD(Fixture,
                 "an operator request is delivered once, refused where the state does not allow it, and "
                 "shown in the views") {
    const auto operator_request = [&](const std::string& key, const std::string& what) {
        return db.transact([&](store::Txn& txn) {
            return txn.one("SELECT api.wish_tx($1, $2) AS said", {key, what}).get<std::string>("said");
        });
    };
    put("a");
    REQUIRE(operator_request("b", "bump").starts_with("refused"));
    REQUIRE(operator_request("a", "sing").starts_with("refused"));
    REQUIRE(operator_request("a", "bump").starts_with("refused"));  // not sent yet
    REQUIRE(operator_request("a", "retry").starts_with("refused"));
    REQUIRE(operator_request("a", "cancel").starts_with("the sender "));
    REQUIRE(tx_queue.waiting(10).front().operator_request == txsender::OperatorRequest::kCancel);
    REQUIRE_FALSE(tx_queue.allocate({{"a", 1}}, 0).front());
    tx_queue.mark_failed("a", std::nullopt, "cancelled");
    REQUIRE(operator_request("a", "retry") == "it waits for a new nonce");
    REQUIRE(tx_queue.allocate({{"a", 1}}, 0).front() == 0u);
    REQUIRE(operator_request("a", "bump").starts_with("the sender "));
    REQUIRE(only().operator_request == txsender::OperatorRequest::kBump);
    auto cancel = tx(1);
    cancel.cancels = true;
    tx_queue.store({{"a", 0, cancel}});
    REQUIRE_FALSE(only().operator_request);
    REQUIRE(only().txs.front().cancels);
    const auto row =
        db.transact([](store::Txn& txn) { return txn.one("SELECT * FROM api.tx WHERE key = 'a'"); });
    REQUIRE(row.get<int>("forms") == 1);
    REQUIRE(row.get<TxHash>("hash") == hash(1));
    tx_queue.mark_failed("a", 0, "cancelled");
    REQUIRE(operator_request("a", "cancel").starts_with("refused"));
    REQUIRE(operator_request("a", "retry") == "it waits for a new nonce");
    REQUIRE(only().state == txsender::IntentState::kPending);
    REQUIRE(tx_queue.allocate({{"a", 1}}, 0).front() == 1u);
}
