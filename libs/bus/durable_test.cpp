// Tests of streams, durables and their messages on a real server.
#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "bus/bus.hpp"
#include "bus/testing/bus_fixture.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::bus;
using bus::testing::BusFixture;
using bus::testing::until_answered;
using testkit::kCallTimeout;
using testkit::wait_until;

TEST_CASE_METHOD(BusFixture,
                 "durable messages arrive in order and once, and an acknowledged one is not redelivered") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000)); });
    until_answered([&] { bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000)); });
    REQUIRE(all(bus->publish_durable(messages(1, 5), kCallTimeout)));
    REQUIRE(all(bus->publish_durable(messages(1, 7), kCallTimeout)));  // five are duplicates by id
    {
        auto consumer = bus->consume("JOBS", "a");
        std::vector<std::string> got;
        while (got.size() < 7) {
            const auto some = consumer.fetch(3, kCallTimeout);
            REQUIRE_FALSE(some.empty());
            REQUIRE(some.size() <= 3);
            for (const auto& message : some) {
                REQUIRE(message.subject == "jobs.dispatch.a");
                REQUIRE(message.deliveries == 1);
                REQUIRE(message.sequence == got.size() + 1);
                got.push_back(message.body);
                consumer.ack(message);
            }
        }
        REQUIRE(got == std::vector<std::string>{"1", "2", "3", "4", "5", "6", "7"});
    }
    // The durable outlives its consumer object, with its acknowledgements.
    auto again = bus->consume("JOBS", "a");
    REQUIRE(again.fetch(10, Millis(200)).empty());
    REQUIRE(all(bus->publish_durable(messages(8, 8), kCallTimeout)));
    REQUIRE(again.fetch(10, kCallTimeout).size() == 1);
}

TEST_CASE_METHOD(BusFixture, "a message that arrives during a long fetch for many is returned immediately") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000)); });
    auto consumer = bus->consume("JOBS", "a");
    REQUIRE(consumer.fetch(100, Millis(50)).empty());
    std::atomic<bool> fetching = false;
    std::chrono::steady_clock::time_point got;
    std::size_t count = 0;
    std::thread fetcher([&] {
        fetching = true;
        count = consumer.fetch(100, kCallTimeout).size();
        got = std::chrono::steady_clock::now();
    });
    REQUIRE(wait_until([&] { return fetching.load(); }));
    REQUIRE(all(bus->publish_durable(messages(1, 1), kCallTimeout)));
    const auto stored = std::chrono::steady_clock::now();
    fetcher.join();
    REQUIRE(count == 1);
    REQUIRE(got - stored < kCallTimeout / 2);  // not the end of the fetch
}

TEST_CASE_METHOD(BusFixture, "a nak'ed message is redelivered after its delay, a terminated one never") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000)); });
    REQUIRE(all(bus->publish_durable(messages(1, 2), kCallTimeout)));
    auto consumer = bus->consume("JOBS", "a");
    const auto first = fetch_all(consumer, 2);
    REQUIRE(first.size() == 2);
    const auto begin = std::chrono::steady_clock::now();
    consumer.nak(first[0], Millis(300));
    consumer.term(first[1]);
    const auto second = consumer.fetch(2, kCallTimeout);
    REQUIRE(second.size() == 1);
    REQUIRE(second[0].body == "1");
    REQUIRE(second[0].deliveries == 2);
    REQUIRE(std::chrono::steady_clock::now() - begin >= Millis(250));
    consumer.ack(second[0]);
    REQUIRE(consumer.fetch(2, Millis(200)).empty());
}

TEST_CASE_METHOD(BusFixture, "a stream's last sequence counts all messages that it ever held") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    CHECK(bus->last_sequence("JOBS") == 0);
    REQUIRE(all(bus->publish_durable(messages(1, 3), kCallTimeout)));
    CHECK(bus->last_sequence("JOBS") == 3);
    CHECK_THROWS_AS(bus->last_sequence("NONE"), Refused);
}

TEST_CASE_METHOD(BusFixture, "streams and durables are listed as they are on the server") {
    auto bus = client();
    CHECK(bus->stream_names().empty());
    CHECK(bus->durable_names("JOBS").empty());
    until_answered([&] { bus->ensure_stream(jobs()); });
    CHECK(bus->stream_names() == std::set<std::string>{"JOBS"});
    CHECK(bus->durable_names("JOBS").empty());
    until_answered([&] { bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000)); });
    until_answered([&] { bus->ensure_durable("JOBS", "b", "jobs.dispatch.b", Millis(30'000)); });
    CHECK(bus->durable_names("JOBS") == std::set<std::string>{"a", "b"});
    bus->request("$JS.API.STREAM.DELETE.JOBS", "", kCallTimeout);
    CHECK(bus->stream_names().empty());
    CHECK(bus->durable_names("JOBS").empty());
}

TEST_CASE_METHOD(BusFixture,
                 "a stream refuses messages above its limit, also after an update of an existing stream") {
    auto bus = client();
    auto limited = jobs();
    until_answered([&] { bus->ensure_stream(limited); });
    limited.max_message_bytes = 1'000;  // with its headers
    until_answered([&] { bus->ensure_stream(limited); });
    REQUIRE(bus->publish_durable({{"jobs.dispatch.a", "a", std::string(80, 'x')},
                                  {"jobs.dispatch.a", "b", std::string(1'001, 'x')}},
                                 kCallTimeout)
                .stored == std::vector<bool>{true, false});
    CHECK(bus->last_sequence("JOBS") == 1);
}

TEST_CASE_METHOD(BusFixture, "delayed messages count as pending, and no more are delivered at the limit") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_durable("JOBS", "all", "", Millis(30'000), 3); });
    REQUIRE(all(bus->publish_durable(messages(1, 5), kCallTimeout)));
    auto consumer = bus->consume("JOBS", "all");
    const auto first = fetch_all(consumer, 3);
    REQUIRE(first.size() == 3);
    for (const auto& message : first) {
        consumer.nak(message, Millis(600'000));
    }
    CHECK(consumer.fetch(10, Millis(200)).empty());
    // An existing durable takes the new limit.
    until_answered([&] { bus->ensure_durable("JOBS", "all", "", Millis(30'000), 10); });
    REQUIRE(wait_until([&] {
        const auto rest = consumer.fetch(10, Millis(500));
        return !rest.empty() && rest.front().body == "4";
    }));
}

TEST_CASE_METHOD(BusFixture,
                 "a message that is worked on is not delivered again within its acknowledgement time") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    const Millis ack_wait = Millis(1'500) * testkit::patience();
    until_answered([&] { bus->ensure_durable("JOBS", "all", "", ack_wait); });
    REQUIRE(all(bus->publish_durable(messages(1, 2), kCallTimeout)));
    CHECK(bus->undelivered("JOBS", "all") == 2);
    auto consumer = bus->consume("JOBS", "all");
    const auto held = fetch_all(consumer, 2);
    REQUIRE(held.size() == 2);
    CHECK(consumer.ack_wait() == ack_wait);
    CHECK(bus->undelivered("JOBS", "all") == 0);
    // Message 1 is worked on until message 2 has come back.
    std::vector<bus::Message> again;
    REQUIRE(wait_until([&] {
        consumer.working(held[0]);
        again = consumer.fetch(2, Millis(100));
        return !again.empty();
    }));
    CHECK(again.size() == 1);
    CHECK(again[0].body == "2");
}

TEST_CASE_METHOD(BusFixture, "publish_durable reports for each message if it was stored") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    auto some = messages(1, 3);
    some[1].subject = "nowhere.at.all";
    const auto outcome = bus->publish_durable(some, kCallTimeout);
    CHECK(outcome.stored == std::vector<bool>{true, false, true});
    CHECK(outcome.reason == "nowhere.at.all: no stream takes this subject");
    REQUIRE(bus->publish_durable({}, Millis(1)).stored.empty());
}

TEST_CASE_METHOD(BusFixture, "thousands of durable messages are stored in one call") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    REQUIRE(all(bus->publish_durable(messages(1, 20'000), kCallTimeout)));
    CHECK(bus->last_sequence("JOBS") == 20'000);
}

TEST_CASE_METHOD(BusFixture,
                 "an error of the server is Refused, a missing durable or responder is Unavailable") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000)); });
    REQUIRE_THROWS_AS(bus->ensure_durable("JOBS", "b", "jobs.dispatch.a", Millis(30'000)),
                      Refused);  // overlap
    REQUIRE_THROWS_AS(bus->ensure_durable("ABSENT", "b", "x", Millis(30'000)), Refused);
    auto limits = jobs();
    limits.retention = StreamSpec::Retention::kLimits;
    REQUIRE_THROWS_AS(bus->ensure_stream(limits), Refused);
    auto wider = jobs();
    wider.subjects.push_back("jobs.more.*");
    until_answered([&] { bus->ensure_stream(wider); });
    auto absent = bus->consume("JOBS", "absent");
    REQUIRE_THROWS_AS(absent.fetch(1, Millis(100)), Unavailable);
    REQUIRE_THROWS_AS(bus->request("no.subscriber", "x", Millis(1'000)), Unavailable);
    REQUIRE_THROWS(Bus("nats://127.0.0.1:notaport", "x", telemetry::Log::none()));
}

TEST_CASE_METHOD(BusFixture, "a stream holds and reads its messages, not acknowledged or purged ones") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_durable("JOBS", "b", "jobs.dispatch.b", Millis(30'000)); });
    REQUIRE(all(bus->publish_durable(messages(1, 2), kCallTimeout)));
    REQUIRE(all(bus->publish_durable(messages(3, 4, "jobs.dispatch.b"), kCallTimeout)));
    const auto holds_and_reads = [&](std::uint64_t sequence) {
        const bool holds = until_answered([&] { return bus->holds("JOBS", sequence); });
        CHECK(until_answered([&] { return bus->can_read("JOBS", sequence); }) == holds);
        return holds;
    };
    CHECK(holds_and_reads(4));
    auto consumer = bus->consume("JOBS", "b");
    for (const auto& message : fetch_all(consumer, 2)) {
        consumer.ack(message);
    }
    REQUIRE(wait_until([&] { return bus->stream_state("JOBS").messages == 2; }));
    CHECK(holds_and_reads(2));
    CHECK_FALSE(holds_and_reads(4));
    server.kill();
    server.start();
    CHECK(holds_and_reads(2));
    holds_and_reads(4);  // a killed server may have forgotten the acknowledgement
    until_answered([&] { bus->purge_stream("JOBS"); });
    CHECK_FALSE(holds_and_reads(2));
    CHECK(until_answered([&] { return bus->stream_state("JOBS"); }).last_sequence == 4);
    CHECK_THROWS_AS(until_answered([&] { return bus->can_read("OTHER", 1); }), Refused);
    CHECK_THROWS_AS(until_answered([&] { bus->purge_stream("OTHER"); }), Refused);
}
