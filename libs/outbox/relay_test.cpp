#include "outbox/relay.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "bus/testing/until_answered.hpp"
#include "outbox/event_stream.hpp"
#include "outbox/feed_log.hpp"
#include "outbox/outbox.hpp"
#include "testkit/patience.hpp"
#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::outbox;
using bus::testing::until_answered;
using testkit::wait_until;

namespace {

struct Fixture : testkit::TestDatabase {
    testkit::TempDir dir{"relay"};
    testkit::NatsServer nats{dir.path()};
    SystemClock clock;
    telemetry::Metrics metrics;
    telemetry::Health health;
    telemetry::Context context{clock, telemetry::Log::none(), metrics, health};

    static bus::StreamSpec jobs() {
        bus::StreamSpec spec;
        spec.name = "JOBS";
        spec.subjects = {"jobs.>"};
        return spec;
    }
    std::unique_ptr<bus::Bus> client() {
        auto out = std::make_unique<bus::Bus>(nats.url(), "relay-test", telemetry::Log::none());
        REQUIRE(wait_until([&] { return out->connected(); }));
        until_answered([&] { out->ensure_stream(jobs()); });
        until_answered([&] { out->ensure_durable("JOBS", "all", "", Millis(30'000)); });
        return out;
    }
    void put(int first, int last, const std::string& subject = "jobs.a",
             const std::string& owner = "dispatch") {
        std::vector<OutboxMessage> messages;
        for (int i = first; i <= last; ++i) {
            messages.push_back({subject, "event:" + std::to_string(i), std::to_string(i)});
        }
        db.transact([&](store::Txn& txn) { put_outbox(txn, owner, messages); });
    }
    std::int64_t waiting() {
        return db.transact([](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM bus.outbox").get<std::int64_t>("n");
        });
    }
    /// All messages of the stream, as many as its sequence shows: an empty fetch may be a slow server.
    static std::vector<int> received(bus::Bus& bus) {
        const auto stored = until_answered([&] { return bus.last_sequence("JOBS"); });
        auto consumer = bus.consume("JOBS", "all");
        std::vector<int> out;
        for (std::uint64_t last = 0; last < stored;) {
            const auto some = until_answered([&] { return consumer.fetch(256, testkit::kCallTimeout); });
            REQUIRE_FALSE(some.empty());
            for (const auto& message : some) {
                last = message.sequence;
                out.push_back(std::stoi(message.body));
                consumer.ack(message);
            }
        }
        return out;
    }
    static std::vector<int> range(int first, int last) {
        std::vector<int> out;
        for (int i = first; i <= last; ++i) {
            out.push_back(i);
        }
        return out;
    }
};

}  // namespace

/// Runs in a process of its own, which the test below crashes.
TEST_CASE("drains the outbox once", "[.relay-victim]") {
    bus::Bus bus(std::getenv("VICTIM_NATS"), "victim", telemetry::Log::none());
    REQUIRE(wait_until([&] { return bus.connected(); }));
    until_answered([&] { bus.ensure_stream(Fixture::jobs()); });
    store::Database db(std::getenv("VICTIM_DSN"), "victim", 1);
    telemetry::Metrics metrics;
    telemetry::Health health;
    const SystemClock clock;
    Relay relay(db, bus, "dispatch", {clock, telemetry::Log::none(), metrics, health});
    relay.drain();
}

TEST_CASE_METHOD(Fixture, "committed messages arrive once and in order; rolled-back ones do not arrive") {
    auto bus = client();
    Relay relay(db, *bus, "dispatch", context);
    REQUIRE(relay.drain() == 0);
    put(1, 1'200);
    REQUIRE_THROWS(db.transact([&](store::Txn& txn) {
        put_outbox(txn, "dispatch", {{"jobs.a", "event:0", "0"}});
        throw std::runtime_error("rolled back");
    }));
    put(1, 10);  // the same ids, while the first ones wait
    put(5'000, 5'000, "jobs.other", "registry");
    REQUIRE(relay.drain() == 1'200);
    REQUIRE(relay.drain() == 0);
    REQUIRE(waiting() == 1);  // the other owner's message
    REQUIRE(received(*bus) == range(1, 1'200));
    REQUIRE(metrics.counter("lamda_outbox_published_total", "", {{"owner", "dispatch"}}).value() == 1'200);
    REQUIRE(metrics.gauge("lamda_outbox_waiting", "", {{"owner", "dispatch"}}).value() == 0);
}

TEST_CASE_METHOD(Fixture, "events that the bus has stored are in the feed log once, numbered without gaps") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(events_stream()); });
    Relay dispatcher(db, *bus, "dispatcher", context);
    Relay registry(db, *bus, "registry", context);
    const auto put_events = [&](const std::string& owner, const std::string& subject, int first, int last) {
        std::vector<OutboxMessage> messages;
        for (int i = first; i <= last; ++i) {
            for (const auto& each : {subject + std::to_string(i), std::string("events.global")}) {
                messages.push_back(
                    {each, "event:" + std::to_string(i) + ":" + each + owner, std::to_string(i)});
            }
        }
        db.transact([&](store::Txn& txn) { put_outbox(txn, owner, messages); });
    };
    put_events("dispatcher", "events.job.", 1, 1'500);  // several pages
    put_events("registry", "events.node.", 1'501, 2'000);
    put(1, 100, "jobs.a", "dispatcher");
    std::thread other([&] {
        Relay second(db, *bus, "dispatcher", context);
        second.drain();
    });
    std::thread nodes([&] { registry.drain(); });
    dispatcher.drain();
    other.join();
    nodes.join();
    CHECK(waiting() == 0);
    std::vector<int> of_jobs;
    std::vector<int> of_nodes;
    std::int64_t seq = 0;
    for (const auto& row : db.read("SELECT seq, subject, body FROM bus.feed_event ORDER BY seq", {})) {
        CHECK(row.get<std::int64_t>("seq") == ++seq);
        const bool is_job = row.get<std::string>("subject").starts_with("events.job.");
        (is_job ? of_jobs : of_nodes).push_back(std::stoi(row.get<std::string>("body")));
    }
    CHECK(of_jobs == range(1, 1'500));
    CHECK(of_nodes == range(1'501, 2'000));
    const auto position = db.read("SELECT last_seq, first_seq FROM api.feed_position", {})[0];
    CHECK(position.get<std::int64_t>("last_seq") == 2'000);

    db.transact([&](store::Txn& txn) {
        txn.exec("UPDATE bus.feed_event SET at = now() - interval '61 minutes' WHERE seq <= 1800");
        CHECK_FALSE(trim_feed(txn, "dispatcher"));
        CHECK_FALSE(trim_feed(txn, "registry"));
        const auto left = txn.one("SELECT count(*) AS n, min(seq) AS first FROM bus.feed_event");
        CHECK(left.get<int>("n") == 200);
        CHECK(left.get<int>("first") == 1'801);
    });
}

TEST_CASE_METHOD(Fixture, "a message that no stream stores stays and does not block the others") {
    auto bus = client();
    Relay relay(db, *bus, "dispatch", context);
    put(1, 1, "nowhere.x");
    put(2, 600);
    REQUIRE(relay.drain() == 599);
    REQUIRE(waiting() == 1);
    REQUIRE(metrics.gauge("lamda_outbox_waiting", "", {{"owner", "dispatch"}}).value() == 1);
    REQUIRE(received(*bus) == range(2, 600));
}

TEST_CASE_METHOD(Fixture,
                 "a message that waits too long makes the check not ready, with its age and the reason") {
    auto bus = client();
    Relay relay(db, *bus, "dispatch", context);
    const auto check = [&] { return health.checks().at("outbox"); };
    put(1, 1, "nowhere.x");
    relay.drain();
    CHECK(check().ok);  // just written
    db.transact([](store::Txn& txn) {
        txn.exec("UPDATE bus.outbox SET created_at = now() - interval '90 seconds'");
    });
    relay.drain();
    CHECK_FALSE(check().ok);
    CHECK(check().detail.starts_with("messages wait: 1, the oldest for 9"));
    CHECK(check().detail.ends_with("nowhere.x: no stream takes this subject"));
    CHECK(metrics.gauge("lamda_outbox_oldest_seconds", "", {{"owner", "dispatch"}}).value() >= 90);
    db.transact([](store::Txn& txn) { txn.exec("DELETE FROM bus.outbox"); });
    relay.drain();
    CHECK(check() == telemetry::Check{true, ""});
    CHECK(metrics.gauge("lamda_outbox_oldest_seconds", "", {{"owner", "dispatch"}}).value() == 0);
}

TEST_CASE_METHOD(
    Fixture,
    "killed before or after publishing, it publishes again, and the stream holds each message once") {
    put(1, 5'000);  // several pages
    for (const char* point :
         {"relay.before_publish", "relay.after_publish", "relay.before_publish:2", "relay.after_publish"}) {
        INFO(point);
        REQUIRE(testkit::run_and_crash("[.relay-victim]", point,
                                       {{"VICTIM_DSN", dsn}, {"VICTIM_NATS", nats.url()}}));
        REQUIRE(waiting() > 0);
    }
    auto bus = client();
    Relay relay(db, *bus, "dispatch", context);
    relay.drain();
    REQUIRE(waiting() == 0);
    REQUIRE(received(*bus) == range(1, 5'000));
}

TEST_CASE_METHOD(Fixture,
                 "two relays of one owner: nothing is lost, and the stream holds each message once") {
    auto bus = client();
    auto other_bus = client();
    put(1, 6'000);
    std::thread other([&] {
        store::Database own_db(dsn, "other", 1);
        telemetry::Metrics own_metrics;
        telemetry::Health own_health;
        Relay relay(own_db, *other_bus, "dispatch", {clock, telemetry::Log::none(), own_metrics, own_health});
        relay.drain();
    });
    Relay relay(db, *bus, "dispatch", context);
    relay.drain();
    other.join();
    REQUIRE(waiting() == 0);
    auto got = received(*bus);
    std::sort(got.begin(), got.end());  // the two interleave
    REQUIRE(got == range(1, 6'000));
}

TEST_CASE_METHOD(
    Fixture,
    "the running relay is notified of new messages, waits for an unavailable bus, and stops on request") {
    auto bus = client();
    Relay relay(db, *bus, "dispatch", context);
    std::jthread running([&](const std::stop_token& stop) { relay.run(stop); });
    put(1, 3);
    REQUIRE(wait_until([&] { return waiting() == 0; }));
    nats.kill();
    put(4, 6);
    REQUIRE(wait_until([&] { return !bus->connected(); }));
    REQUIRE_THROWS_AS(relay.drain(), bus::Unavailable);
    REQUIRE(waiting() == 3);
    nats.start();
    REQUIRE(wait_until([&] { return waiting() == 0; }));
    const auto begin = std::chrono::steady_clock::now();
    running.request_stop();
    running.join();
    REQUIRE(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2) * testkit::patience());
    REQUIRE(received(*bus) == range(1, 6));
}

TEST_CASE_METHOD(Fixture,
                 "a loss that is marked while streams are compared stays marked until it is restored") {
    const auto jobs_after = [&](auto change) {
        return db.transact([&](store::Txn& txn) {
            change(txn);
            return read_positions(txn, "dispatch").at("JOBS");
        });
    };
    using store::Txn;
    CHECK(jobs_after([](Txn& txn) { put_positions(txn, "dispatch", {{"JOBS", {7, 100}}}, {}); }) ==
          StreamPosition{7, 100, false});
    CHECK(jobs_after([](Txn& txn) { advance_positions(txn, "dispatch", {{"JOBS", {99, 108}}}); }) ==
          StreamPosition{7, 108, false});
    CHECK(jobs_after([](Txn& txn) { mark_rolled_back(txn, "dispatch", {"JOBS"}); }).rolled_back);
    // By another process, which compared before the mark was set.
    CHECK(jobs_after([](Txn& txn) { put_positions(txn, "dispatch", {{"JOBS", {7, 105}}}, {}); }) ==
          StreamPosition{7, 108, true});
    CHECK(jobs_after([](Txn& txn) { put_positions(txn, "dispatch", {{"JOBS", {8, 3}}}, {"JOBS"}); }) ==
          StreamPosition{8, 3, false});
}

TEST_CASE_METHOD(Fixture,
                 "a relay notices a stream that uses acknowledged sequences again, and reports it once") {
    auto bus = client();
    Relay relay(db, *bus, "dispatch", context);
    int cut_back = 0;
    relay.track_positions([&] { ++cut_back; });
    put(1, 5);
    CHECK(relay.drain() == 5);
    CHECK(cut_back == 0);
    // The stream is created again: its sequences begin at 1.
    until_answered([&] { bus->request("$JS.API.STREAM.DELETE.JOBS", "", testkit::kCallTimeout); });
    until_answered([&] { bus->ensure_stream(jobs()); });
    put(6, 7);
    CHECK(relay.drain() == 2);
    CHECK(cut_back == 1);
    const auto position = [&] {
        return db.transact([](store::Txn& txn) { return read_positions(txn, "dispatch").at("JOBS"); });
    };
    CHECK(position() == StreamPosition{0, 5, true});
    db.transact([&](store::Txn& txn) {
        put_positions(txn, "dispatch", {{"JOBS", bus->stream_state("JOBS")}}, {"JOBS"});
    });
    put(8, 9);
    CHECK(relay.drain() == 2);
    CHECK(cut_back == 1);
}
