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
    /// The queue's entry as stored on disk.
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

TEST_CASE("an intent is accepted once, even after it is done and after a restart") {
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

TEST_CASE("nonces rise without a gap, starting at the chain's nonce") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    for (const char* key : {"a", "b", "c"}) {
        tx_queue.put_intent(intent(key));
    }
    CHECK(tx_queue.next_nonce() == std::nullopt);
    CHECK(tx_queue.allocate({{"a", 1}}, 4).front() == 4U);
    CHECK(tx_queue.allocate({{"a", 1}}, 4).front() == std::nullopt);  // the intent keeps its nonce
    CHECK(tx_queue.allocate({{"b", 1}}, 4).front() == 5U);            // a lagging node cannot lower it
    CHECK(tx_queue.next_nonce() == 6U);
    CHECK(tx_queue.allocate({{"c", 1}}, 9).front() == 9U);
    CHECK(tx_queue.allocate({{"unknown", 1}}, 9).front() == std::nullopt);
}

TEST_CASE("signed bytes are stored only for the nonce that the intent holds") {
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

TEST_CASE("a nonce used by a foreign transaction is released, and the intent gets another") {
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

TEST_CASE("an intent is finished without a transaction only while it holds no nonce") {
    const Place place;
    FileTxQueue tx_queue(place.path(), place.clock);
    tx_queue.put_intent(intent("waiting"));
    tx_queue.put_intent(intent("sent"));
    tx_queue.park({{"waiting", "not yet"}});
    tx_queue.allocate({{"sent", 1}}, 0);
    CHECK(tx_queue.finish_without_tx("waiting", "confirmed by another"));
    CHECK_FALSE(tx_queue.finish_without_tx("sent", "confirmed by another"));
    tx_queue.park({{"waiting", "late"}});  // from a sender's check that ended late
    CHECK(place.on_disk("waiting").state == IntentState::kDone);
    CHECK(place.on_disk("waiting").reason == "confirmed by another");
    CHECK(tx_queue.open_count() == 1);
}

TEST_CASE("parked intents stay open and keep their reason; intents with a nonce are not parked") {
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

TEST_CASE("old done intents are removed, open and failed ones are kept") {
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

/// Each change applies to the result of the one before.
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
    FileTxQueue tx_queue(from_parent("LEDGER"), clock);
    changes().at(std::stoul(from_parent("CHANGE"))).act(tx_queue);
}

TEST_CASE("a kill at any step of a change leaves the queue as before or after the change") {
    const Place place;
    for (std::size_t i = 0; i < changes().size(); ++i) {
        INFO(changes()[i].name);
        const auto before = read_file(place.path());
        const std::map<std::string, std::string> env = {{"LEDGER", place.path()},
                                                        {"CHANGE", std::to_string(i)}};
        REQUIRE(killed_at("agent.ledger.written", "child: changes the ledger", env));
        CHECK(read_file(place.path()) == before);
        REQUIRE(killed_at("agent.ledger.renamed", "child: changes the ledger", env));
        const auto after = read_file(place.path());
        CHECK(after != before);
        // The change is idempotent: repeated after the kill, it changes nothing.
        if (std::string(changes()[i].name) != "store") {  // one nonce may have several signed forms
            FileTxQueue tx_queue(place.path(), place.clock);
            changes()[i].act(tx_queue);
            CHECK(read_file(place.path()) == after);
        }
    }
    CHECK(place.on_disk("a").nonce == 4U);
}

TEST_CASE("an unreadable queue file is refused: a guessed queue would send twice") {
    const Place place;
    std::ofstream(place.path()) << R"({"format":1,"nextNonce":3,"entries":[{"key":)";
    CHECK_THROWS_AS(FileTxQueue(place.path(), place.clock), runtime::ConfigError);
}
