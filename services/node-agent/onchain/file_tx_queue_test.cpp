#include "services/node-agent/onchain/file_tx_queue.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "runtime/app.hpp"
#include "services/node-agent/testing/agent_scene.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;
using txsender::IntentState;

namespace {

struct Place {
    testkit::TempDir dir{"agent-ledger"};
    FakeClock clock{start_of_time()};
    std::string path() const { return dir.path() + "/ledger.json"; }
    FileTxQueue open() const { return {path(), clock}; }
    /// A ledger as it is on disk now.
    txsender::TxQueueEntry on_disk(const std::string& key) const { return open().find(key).value(); }
};

txsender::Intent intent(const std::string& key) {
    txsender::Intent out;
    out.key = key;
    out.to = address(7);
    out.value = 5;
    out.data = {1, 2, 3};
    return out;
}

txsender::StoredTx stored(std::uint8_t number) {
    txsender::StoredTx tx;
    tx.hash.array().fill(number);
    tx.raw = {number, 0, 255};
    tx.fee.max_fee = U256(3'000'000'000ULL);
    tx.fee.max_priority_fee = 7;
    tx.stored_at = start_of_time();
    return tx;
}

BlockRef block(std::uint8_t number) {
    BlockRef ref{{number}, {}};
    ref.hash.array().fill(number);
    return ref;
}

}  // namespace

TEST_CASE("an intent is taken once, also after it is done and after a restart") {
    const Place place;
    {
        auto tx_queue = FileTxQueue(place.path(), place.clock);
        CHECK(tx_queue.put_intent(intent("confirm:1")));
        CHECK_FALSE(tx_queue.put_intent(intent("confirm:1")));
        tx_queue.allocate({{"confirm:1", 21'000}}, 4);
        tx_queue.store({{"confirm:1", 4, stored(1)}});
        tx_queue.mark_sent({"confirm:1"});
        tx_queue.mark_done({{"confirm:1", 4, stored(1).hash, block(9), 9}});
    }
    FileTxQueue tx_queue(place.path(), place.clock);
    CHECK_FALSE(tx_queue.put_intent(intent("confirm:1")));
    CHECK(tx_queue.open_count() == 0);
    CHECK(tx_queue.find("confirm:1")->state == IntentState::kDone);
    CHECK(tx_queue.find("confirm:1")->mined_in == block(9));
}

TEST_CASE("nonces rise without a gap, from what the chain says at first") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    for (const char* key : {"a", "b", "c"}) {
        tx_queue.put_intent(intent(key));
    }
    CHECK(tx_queue.next_nonce() == std::nullopt);
    CHECK(tx_queue.allocate({{"a", 1}}, 4).front() == 4U);
    CHECK(tx_queue.allocate({{"a", 1}}, 4).front() == std::nullopt);  // it keeps its nonce
    CHECK(tx_queue.allocate({{"b", 1}}, 4).front() == 5U);            // a node that lags cannot take it back
    CHECK(tx_queue.next_nonce() == 6U);
    CHECK(tx_queue.allocate({{"c", 1}}, 9).front() == 9U);
    CHECK(tx_queue.allocate({{"unknown", 1}}, 9).front() == std::nullopt);
}

TEST_CASE("bytes are stored only under the nonce that the intent holds") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    tx_queue.put_intent(intent("a"));
    CHECK_FALSE(tx_queue.store({{"a", 4, stored(1)}}).front());
    tx_queue.allocate({{"a", 1}}, 4);
    CHECK_FALSE(tx_queue.store({{"a", 5, stored(1)}}).front());
    CHECK(tx_queue.store({{"a", 4, stored(1)}}).front());
    CHECK(tx_queue.store({{"a", 4, stored(2)}}).front());
    const auto entry = place.on_disk("a");
    REQUIRE(entry.txs.size() == 2);
    CHECK(entry.txs[0].hash == stored(1).hash);
    CHECK(entry.txs[1].raw == stored(2).raw);
    CHECK(entry.txs[1].fee == stored(2).fee);
    CHECK(entry.intent.data == intent("a").data);
    CHECK(entry.intent.value == 5);
}

TEST_CASE("mined, reorganised away, mined again, done") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    tx_queue.put_intent(intent("a"));
    tx_queue.allocate({{"a", 1}}, 0);
    tx_queue.store({{"a", 0, stored(1)}});
    tx_queue.mark_sent({"a"});
    tx_queue.mark_mined({{"a", 0, stored(1).hash, block(3), 9}});
    CHECK(place.on_disk("a").state == IntentState::kMined);
    tx_queue.mark_unmined({"a"});
    CHECK(place.on_disk("a").state == IntentState::kSent);
    CHECK(place.on_disk("a").mined_in == std::nullopt);
    CHECK(place.on_disk("a").txs.size() == 1);  // the same bytes can be mined again
    tx_queue.mark_mined({{"a", 0, stored(1).hash, block(4), 9}});
    tx_queue.mark_done({{"a", 0, stored(1).hash, block(4), 9}});
    CHECK(place.on_disk("a").state == IntentState::kDone);
}

TEST_CASE("a nonce that a foreign transaction took is given up, and another one comes") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    tx_queue.put_intent(intent("a"));
    tx_queue.allocate({{"a", 1}}, 0);
    tx_queue.store({{"a", 0, stored(1)}});
    tx_queue.release_nonce("a", 0, "taken by another", false);
    const auto entry = place.on_disk("a");
    CHECK(entry.state == IntentState::kPending);
    CHECK(entry.nonce == std::nullopt);
    CHECK(entry.txs.empty());
    CHECK(tx_queue.allocate({{"a", 1}}, 0).front() == 1U);
}

TEST_CASE("what is there without us ends an intent only while it holds no nonce") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    tx_queue.put_intent(intent("waiting"));
    tx_queue.put_intent(intent("sent"));
    tx_queue.park({{"waiting", "not yet"}});
    tx_queue.allocate({{"sent", 1}}, 0);
    CHECK(tx_queue.finish_without_tx("waiting", "confirmed by another"));
    CHECK_FALSE(tx_queue.finish_without_tx("sent", "confirmed by another"));
    tx_queue.park({{"waiting", "late"}});  // what a sender says after its check
    CHECK(place.on_disk("waiting").state == IntentState::kDone);
    CHECK(place.on_disk("waiting").reason == "confirmed by another");
    CHECK(tx_queue.open_count() == 1);
}

TEST_CASE("parked intents stay open and keep their reason; those with a nonce are not parked") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    tx_queue.put_intent(intent("a"));
    tx_queue.park({{"a", "not confirmed yet"}});
    CHECK(place.on_disk("a").state == IntentState::kParked);
    CHECK(tx_queue.open_count() == 1);
    CHECK(tx_queue.allocate({{"a", 1}}, 0).front() == 0U);
    tx_queue.park({{"a", "no"}});
    CHECK(place.on_disk("a").state == IntentState::kAllocated);
}

TEST_CASE("done intents are forgotten after their time, open and failed ones are not") {
    Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    for (const char* key : {"done", "failed", "open"}) {
        tx_queue.put_intent(intent(key));
    }
    tx_queue.finish_without_tx("done", "there");
    tx_queue.mark_failed("failed", std::nullopt, "reverted");
    place.clock.advance(Millis(1'000));
    tx_queue.forget_done(place.clock.now());
    CHECK_FALSE(tx_queue.find("done"));
    CHECK(tx_queue.find("failed"));
    CHECK(tx_queue.find("open"));
}

namespace {

struct Change {
    const char* name;
    void (*act)(FileTxQueue&);
};

/// Each starts from where the one before has led.
const std::vector<Change>& changes() {
    static const std::vector<Change> all = {
        {"put", [](FileTxQueue& tx_queue) { tx_queue.put_intent(intent("a")); }},
        {"park", [](FileTxQueue& tx_queue) { tx_queue.park({{"a", "wait"}}); }},
        {"allocate", [](FileTxQueue& tx_queue) { tx_queue.allocate({{"a", 21'000}}, 3); }},
        {"store", [](FileTxQueue& tx_queue) { tx_queue.store({{"a", 3, stored(1)}}); }},
        {"sent", [](FileTxQueue& tx_queue) { tx_queue.mark_sent({"a"}); }},
        {"mined",
         [](FileTxQueue& tx_queue) { tx_queue.mark_mined({{"a", 3, stored(1).hash, block(2), 9}}); }},
        {"unmined", [](FileTxQueue& tx_queue) { tx_queue.mark_unmined({"a"}); }},
        {"release", [](FileTxQueue& tx_queue) { tx_queue.release_nonce("a", 3, "foreign", false); }},
        {"allocate again", [](FileTxQueue& tx_queue) { tx_queue.allocate({{"a", 21'000}}, 3); }},
        {"done", [](FileTxQueue& tx_queue) { tx_queue.mark_done({{"a", 4, stored(1).hash, block(2), 9}}); }},
    };
    return all;
}

}  // namespace

TEST_CASE("child: changes the ledger", "[.]") {
    const FakeClock clock(start_of_time());
    FileTxQueue tx_queue(told("LEDGER"), clock);
    changes().at(std::stoul(told("CHANGE"))).act(tx_queue);
}

TEST_CASE("a kill at any step of any change leaves the ledger before or after it") {
    const Place place;
    for (std::size_t i = 0; i < changes().size(); ++i) {
        INFO(changes()[i].name);
        const auto before = read_file(place.path());
        const std::map<std::string, std::string> told = {{"LEDGER", place.path()},
                                                         {"CHANGE", std::to_string(i)}};
        REQUIRE(killed_at("agent.ledger.written", "child: changes the ledger", told));
        CHECK(read_file(place.path()) == before);
        REQUIRE(killed_at("agent.ledger.renamed", "child: changes the ledger", told));
        const auto after = read_file(place.path());
        CHECK(after != before);
        // After the kill the same change finds itself done: nothing happens twice.
        if (std::string(changes()[i].name) != "store") {  // two byte strings under one nonce are allowed
            FileTxQueue tx_queue(place.path(), place.clock);
            changes()[i].act(tx_queue);
            CHECK(read_file(place.path()) == after);
        }
    }
    CHECK(place.on_disk("a").nonce == 4U);
}

TEST_CASE("a ledger that cannot be read is refused: a guessed one would send twice") {
    const Place place;
    std::ofstream(place.path()) << R"({"format":1,"nextNonce":3,"entries":[{"key":)";
    CHECK_THROWS_AS(FileTxQueue(place.path(), place.clock), runtime::ConfigError);
}
