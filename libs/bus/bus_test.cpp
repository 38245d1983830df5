#include "bus/bus.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include "testkit/patience.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::bus;
using testkit::wait_until;

namespace {

struct Fixture {
    testkit::TempDir dir{"bus"};
    testkit::NatsServer server{dir.path()};

    std::unique_ptr<Bus> client(const std::string& name = "bus-test") {
        auto out = std::make_unique<Bus>(server.url(), name, telemetry::Log::none());
        REQUIRE(wait_until([&] { return out->connected(); }));
        return out;
    }
    static StreamSpec jobs() {
        StreamSpec spec;
        spec.name = "JOBS";
        spec.subjects = {"jobs.dispatch.*"};
        spec.retention = StreamSpec::Retention::kWorkQueue;
        return spec;
    }
    static std::vector<Outgoing> messages(int first, int last,
                                          const std::string& subject = "jobs.dispatch.a") {
        std::vector<Outgoing> out;
        for (int i = first; i <= last; ++i) {
            out.push_back({subject, "dispatch:" + std::to_string(i) + ":1", std::to_string(i)});
        }
        return out;
    }
    static bool all(const Published& outcome) {
        return outcome.reason.empty() &&
               std::find(outcome.stored.begin(), outcome.stored.end(), false) == outcome.stored.end();
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "durable messages arrive in order and once, and an acknowledged one is not redelivered") {
    auto bus = client();
    bus->ensure_stream(jobs());
    bus->ensure_stream(jobs());
    bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000));
    bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000));
    REQUIRE(all(bus->publish_durable(messages(1, 5), Millis(5'000))));
    REQUIRE(all(bus->publish_durable(messages(1, 7), Millis(5'000))));  // five are duplicates by id
    {
        auto consumer = bus->consume("JOBS", "a");
        std::vector<std::string> got;
        while (got.size() < 7) {
            const auto some = consumer.fetch(3, Millis(2'000));
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
    REQUIRE(all(bus->publish_durable(messages(8, 8), Millis(5'000))));
    REQUIRE(again.fetch(10, Millis(2'000)).size() == 1);
}

TEST_CASE_METHOD(Fixture, "a message that arrives during a long fetch for many is returned immediately") {
    auto bus = client();
    bus->ensure_stream(jobs());
    bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000));
    auto consumer = bus->consume("JOBS", "a");
    REQUIRE(consumer.fetch(100, Millis(50)).empty());
    std::atomic<bool> fetching = false;
    std::chrono::steady_clock::time_point got;
    std::size_t count = 0;
    std::thread fetcher([&] {
        fetching = true;
        count = consumer.fetch(100, Millis(20'000)).size();
        got = std::chrono::steady_clock::now();
    });
    REQUIRE(wait_until([&] { return fetching.load(); }));
    REQUIRE(all(bus->publish_durable(messages(1, 1), Millis(5'000))));
    const auto stored = std::chrono::steady_clock::now();
    fetcher.join();
    REQUIRE(count == 1);
    REQUIRE(got - stored < std::chrono::seconds(5) * testkit::patience());
}

TEST_CASE_METHOD(Fixture, "a nak'ed message is redelivered after its delay, a terminated one never") {
    auto bus = client();
    bus->ensure_stream(jobs());
    bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000));
    REQUIRE(all(bus->publish_durable(messages(1, 2), Millis(5'000))));
    auto consumer = bus->consume("JOBS", "a");
    const auto first = consumer.fetch(2, Millis(2'000));
    REQUIRE(first.size() == 2);
    const auto begin = std::chrono::steady_clock::now();
    consumer.nak(first[0], Millis(300));
    consumer.term(first[1]);
    const auto second = consumer.fetch(2, Millis(5'000));
    REQUIRE(second.size() == 1);
    REQUIRE(second[0].body == "1");
    REQUIRE(second[0].deliveries == 2);
    REQUIRE(std::chrono::steady_clock::now() - begin >= Millis(250));
    consumer.ack(second[0]);
    REQUIRE(consumer.fetch(2, Millis(200)).empty());
}

TEST_CASE_METHOD(Fixture, "a stream's last sequence counts all messages that it ever held") {
    auto bus = client();
    bus->ensure_stream(jobs());
    CHECK(bus->last_sequence("JOBS") == 0);
    REQUIRE(all(bus->publish_durable(messages(1, 3), Millis(5'000))));
    CHECK(bus->last_sequence("JOBS") == 3);
    CHECK_THROWS_AS(bus->last_sequence("NONE"), Refused);
}

TEST_CASE_METHOD(Fixture, "streams and durables are listed as they are on the server") {
    auto bus = client();
    CHECK(bus->stream_names().empty());
    CHECK(bus->durable_names("JOBS").empty());
    bus->ensure_stream(jobs());
    CHECK(bus->stream_names() == std::set<std::string>{"JOBS"});
    CHECK(bus->durable_names("JOBS").empty());
    bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000));
    bus->ensure_durable("JOBS", "b", "jobs.dispatch.b", Millis(30'000));
    CHECK(bus->durable_names("JOBS") == std::set<std::string>{"a", "b"});
    bus->request("$JS.API.STREAM.DELETE.JOBS", "", Millis(5'000));
    CHECK(bus->stream_names().empty());
    CHECK(bus->durable_names("JOBS").empty());
}

TEST_CASE_METHOD(Fixture,
                 "a stream refuses messages above its limit, also after an update of an existing stream") {
    auto bus = client();
    auto limited = jobs();
    bus->ensure_stream(limited);
    limited.max_message_bytes = 1'000;  // with its headers
    bus->ensure_stream(limited);
    REQUIRE(bus->publish_durable({{"jobs.dispatch.a", "a", std::string(80, 'x')},
                                  {"jobs.dispatch.a", "b", std::string(1'001, 'x')}},
                                 Millis(5'000))
                .stored == std::vector<bool>{true, false});
    CHECK(bus->last_sequence("JOBS") == 1);
}

TEST_CASE_METHOD(Fixture, "delayed messages count as pending, and no more are delivered at the limit") {
    auto bus = client();
    bus->ensure_stream(jobs());
    bus->ensure_durable("JOBS", "all", "", Millis(30'000), 3);
    REQUIRE(all(bus->publish_durable(messages(1, 5), Millis(5'000))));
    auto consumer = bus->consume("JOBS", "all");
    const auto first = consumer.fetch(10, Millis(5'000));
    REQUIRE(first.size() == 3);
    for (const auto& message : first) {
        consumer.nak(message, Millis(600'000));
    }
    CHECK(consumer.fetch(10, Millis(200)).empty());
    bus->ensure_durable("JOBS", "all", "", Millis(30'000), 10);  // an existing durable takes the new limit
    REQUIRE(wait_until([&] {
        const auto rest = consumer.fetch(10, Millis(500));
        return !rest.empty() && rest.front().body == "4";
    }));
}

TEST_CASE_METHOD(Fixture, "publish_durable reports for each message if it was stored") {
    auto bus = client();
    bus->ensure_stream(jobs());
    auto some = messages(1, 3);
    some[1].subject = "nowhere.at.all";
    const auto outcome = bus->publish_durable(some, Millis(5'000));
    CHECK(outcome.stored == std::vector<bool>{true, false, true});
    CHECK(outcome.reason == "nowhere.at.all: no stream takes this subject");
    REQUIRE(bus->publish_durable({}, Millis(1)).stored.empty());
}

TEST_CASE_METHOD(Fixture, "thousands of durable messages are stored in one call") {
    auto bus = client();
    bus->ensure_stream(jobs());
    REQUIRE(all(bus->publish_durable(messages(1, 20'000), Millis(60'000))));
    CHECK(bus->last_sequence("JOBS") == 20'000);
}

TEST_CASE_METHOD(Fixture,
                 "an error of the server is Refused, a missing durable or responder is Unavailable") {
    auto bus = client();
    bus->ensure_stream(jobs());
    bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000));
    REQUIRE_THROWS_AS(bus->ensure_durable("JOBS", "b", "jobs.dispatch.a", Millis(30'000)),
                      Refused);  // overlap
    REQUIRE_THROWS_AS(bus->ensure_durable("ABSENT", "b", "x", Millis(30'000)), Refused);
    auto limits = jobs();
    limits.retention = StreamSpec::Retention::kLimits;
    REQUIRE_THROWS_AS(bus->ensure_stream(limits), Refused);
    auto wider = jobs();
    wider.subjects.push_back("jobs.more.*");
    bus->ensure_stream(wider);
    auto absent = bus->consume("JOBS", "absent");
    REQUIRE_THROWS_AS(absent.fetch(1, Millis(100)), Unavailable);
    REQUIRE_THROWS_AS(bus->request("no.subscriber", "x", Millis(1'000)), Unavailable);
    REQUIRE_THROWS(Bus("nats://127.0.0.1:notaport", "x", telemetry::Log::none()));
}

TEST_CASE_METHOD(
    Fixture,
    "requests are answered by one member of a queue group; a callback that throws affects no other request") {
    auto bus = client();
    auto other = client("other");
    std::atomic<int> answered = 0;
    const auto serve = [&](Bus& server_bus) {
        return server_bus.subscribe("jobs.command", "dispatchers", [&](const Message& message) {
            if (message.body == "bad") {
                throw std::runtime_error("no");
            }
            ++answered;
            server_bus.respond(message, "echo " + message.body);
        });
    };
    auto one = serve(*bus);
    auto two = serve(*other);
    auto asker = client("asker");
    REQUIRE(wait_until([&] {
        try {
            return asker->request("jobs.command", "hello", Millis(500)) == "echo hello";
        } catch (const Unavailable&) {
            return false;
        }
    }));
    const int before = answered;
    for (int i = 0; i < 50; ++i) {
        REQUIRE(asker->request("jobs.command", std::to_string(i), Millis(5'000)) ==
                "echo " + std::to_string(i));
    }
    REQUIRE(answered == before + 50);
    REQUIRE_THROWS_AS(asker->request("jobs.command", "bad", Millis(100)), Unavailable);
    REQUIRE(asker->request("jobs.command", "still", Millis(5'000)) == "echo still");
}

TEST_CASE_METHOD(Fixture, "the callback does not run after its subscription ended") {
    auto bus = client();
    std::atomic<int> received = 0;
    {
        auto subscription = bus->subscribe("nodes.heartbeat.*", "", [&](const Message& message) {
            REQUIRE(message.reply.empty());
            ++received;
        });
        bus->publish("nodes.heartbeat.a", "1");
        REQUIRE(wait_until([&] { return received == 1; }));
    }
    bus->publish("nodes.heartbeat.a", "2");
    std::atomic<int> later = 0;
    auto another = bus->subscribe("nodes.heartbeat.*", "", [&](const Message&) { ++later; });
    bus->publish("nodes.heartbeat.a", "3");
    REQUIRE(wait_until([&] { return later == 1; }));
    REQUIRE(received == 1);
}

TEST_CASE_METHOD(Fixture, "a bus opened before its server, or whose server was killed, connects by itself") {
    server.stop();
    {
        const Bus never(server.url(), "never", telemetry::Log::none());
    }  // destroyed without ever having connected
    std::mutex mutex;
    std::vector<bool> changes;
    Bus bus(server.url(), "early", telemetry::Log::none());
    bus.on_change([&](bool connected) {
        std::lock_guard lock(mutex);
        changes.push_back(connected);
    });
    std::atomic<int> received = 0;
    auto subscription = bus.subscribe("x", "", [&](const Message&) { ++received; });
    REQUIRE_FALSE(bus.connected());
    bus.publish("x", "lost");
    REQUIRE_THROWS_AS(bus.publish_durable(messages(1, 1), Millis(1'000)), Unavailable);
    REQUIRE_THROWS_AS(bus.request("x", "", Millis(50)), Unavailable);
    REQUIRE_THROWS_AS(bus.ensure_stream(jobs()), Unavailable);

    server.start();
    REQUIRE(wait_until([&] { return bus.connected(); }));
    bus.ensure_stream(jobs());
    bus.ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000));
    REQUIRE(all(bus.publish_durable(messages(1, 100), Millis(5'000))));
    auto consumer = bus.consume("JOBS", "a");
    const auto first = consumer.fetch(1, Millis(5'000));
    REQUIRE(first.size() == 1);
    consumer.ack(first[0]);

    server.kill();
    REQUIRE(wait_until([&] { return !bus.connected(); }));
    // No busy loop: a fetch without a server waits.
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE_THROWS_AS(consumer.fetch(1, Millis(300)), Unavailable);
    REQUIRE(std::chrono::steady_clock::now() - begin >= Millis(150));
    // No call exceeds the 4.5 s within which a process must stop.
    const auto asked = std::chrono::steady_clock::now();
    REQUIRE_THROWS_AS(bus.ensure_stream(jobs()), Unavailable);
    REQUIRE_THROWS_AS(bus.ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(1'000)), Unavailable);
    REQUIRE_THROWS_AS(bus.last_sequence("JOBS"), Unavailable);
    REQUIRE(std::chrono::steady_clock::now() - asked < Millis(4'000) * testkit::patience());

    server.start();
    std::set<std::string> got{first[0].body};
    REQUIRE(wait_until(
        [&] {
            try {
                for (const auto& message : consumer.fetch(50, Millis(1'000))) {
                    got.insert(message.body);
                    consumer.ack(message);
                }
            } catch (const Unavailable&) {
                return false;
            }
            return got.size() == 100;
        },
        Millis(30'000)));
    REQUIRE(wait_until([&] {
        bus.publish("x", "again");
        return received > 0;
    }));
    REQUIRE(wait_until([&] {
        std::lock_guard lock(mutex);
        return changes == std::vector<bool>{true, false, true};
    }));
}

TEST_CASE_METHOD(
    Fixture,
    "a publish interrupted by the server's death returns, and messages reported as stored are stored") {
    auto bus = client();
    bus->ensure_stream(jobs());
    bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(1'000));
    const auto begin = std::chrono::steady_clock::now();
    auto other = client("other");
    std::thread killer([&] {
        auto watcher = other->consume("JOBS", "a");
        watcher.fetch(1, Millis(20'000));  // not acknowledged: redelivered later
        server.kill();
    });
    std::vector<bool> stored;
    try {
        stored = bus->publish_durable(messages(1, 50'000), Millis(60'000)).stored;
    } catch (const Unavailable&) {  // killed before the first
    }
    killer.join();
    REQUIRE(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30) * testkit::patience());
    server.start();
    REQUIRE(wait_until([&] { return bus->connected(); }));
    const auto acknowledged = static_cast<std::size_t>(std::count(stored.begin(), stored.end(), true));
    WARN(acknowledged << " of 50,000 were acknowledged before the end");
    auto consumer = bus->consume("JOBS", "a");
    std::set<std::string> missing;
    for (std::size_t i = 0; i < stored.size(); ++i) {
        if (stored[i]) {
            missing.insert(std::to_string(i + 1));
        }
    }
    const bool all_came = wait_until(
        [&] {
            for (const auto& message : consumer.fetch(256, Millis(500))) {
                missing.erase(message.body);
                consumer.ack(message);
            }
            return missing.empty();
        },
        Millis(20'000));
    INFO("acknowledged and lost: " << missing.size()
                                   << (missing.empty() ? "" : ", for example " + *missing.begin()));
    REQUIRE(all_came);
    // Publishing works again.
    REQUIRE(all(bus->publish_durable(messages(60'001, 60'010), Millis(5'000))));
}

TEST_CASE("a token is in no subject") {
    const testkit::TempDir dir("bus-token");
    const std::string port = std::to_string(testkit::free_port());
    testkit::ProcessSpec spec;
    spec.argv = {"nats-server", "-a", "127.0.0.1", "-p", port, "--auth", "S3cr3tToken"};
    spec.cwd = dir.path();
    spec.log_file = dir.path() + "/nats.log";
    const testkit::Process server(spec);
    Bus bus("nats://S3cr3tToken@127.0.0.1:" + port, "bus-test", telemetry::Log::none());
    REQUIRE(wait_until([&] { return bus.connected(); }));
    auto echo =
        bus.subscribe("echo", "", [&](const Message& message) { bus.respond(message, message.reply); });
    std::string inbox;
    REQUIRE(wait_until([&] {
        try {
            inbox = bus.request("echo", "", Millis(500));
        } catch (const Unavailable&) {
            return false;
        }
        return true;
    }));
    CHECK(inbox.starts_with("_INBOX."));
    CHECK(inbox.find("S3cr3tToken") == std::string::npos);
}

TEST_CASE("with the deployed permissions a dispatcher and an agent work, each with its own inbox") {
    const testkit::TempDir dir("bus-users");
    const std::string agent_user = "0x90f79bf6eb2c4f870365e785982e1f101e93b906";
    const testkit::NatsServer server(dir.path(), {agent_user});
    const auto client = [&](const std::string& user) {
        auto out = std::make_unique<Bus>(server.url(user), "bus-test", telemetry::Log::none());
        REQUIRE(wait_until([&] { return out->connected(); }));
        return out;
    };
    auto dispatcher = client("dispatcher");
    auto agent = client(agent_user);
    auto gateway = client("gateway");

    dispatcher->ensure_stream(Fixture::jobs());
    const std::string subject = "jobs.dispatch." + agent_user;
    dispatcher->ensure_durable("JOBS", agent_user, subject, Millis(30'000));
    REQUIRE(Fixture::all(dispatcher->publish_durable(Fixture::messages(1, 3, subject), Millis(5'000))));
    auto consumer = agent->consume("JOBS", agent_user);
    for (int got = 0; got < 3;) {
        const auto some = consumer.fetch(3, Millis(5'000));
        REQUIRE_FALSE(some.empty());
        for (const auto& message : some) {
            consumer.ack(message);
            ++got;
        }
    }
    auto commands = dispatcher->subscribe("jobs.command", "dispatcher", [&](const Message& message) {
        dispatcher->respond(message, message.reply);
    });
    std::string inbox;
    REQUIRE(wait_until([&] {
        try {
            inbox = gateway->request("jobs.command", "", Millis(500));
        } catch (const Unavailable&) {
            return false;
        }
        return true;
    }));
    CHECK(inbox.starts_with("_R_."));  // made by the server; reaches the requester only
}
