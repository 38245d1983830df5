// Tests of requests, subscriptions and permissions, and of a server that is absent, killed and back.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
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

TEST_CASE_METHOD(
    BusFixture,
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
            return asker->request("jobs.command", "hello", kCallTimeout) == "echo hello";
        } catch (const Unavailable&) {
            return false;
        }
    }));
    const int before = answered;
    for (int i = 0; i < 50; ++i) {
        REQUIRE(asker->request("jobs.command", std::to_string(i), kCallTimeout) ==
                "echo " + std::to_string(i));
    }
    REQUIRE(answered == before + 50);
    REQUIRE_THROWS_AS(asker->request("jobs.command", "bad", Millis(100)), Unavailable);
    REQUIRE(asker->request("jobs.command", "still", kCallTimeout) == "echo still");
}

TEST_CASE_METHOD(BusFixture, "the callback does not run after its subscription ended") {
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

TEST_CASE_METHOD(BusFixture,
                 "a bus opened before its server, or whose server was killed, connects by itself") {
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
    until_answered([&] { bus.ensure_stream(jobs()); });
    until_answered([&] { bus.ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(30'000)); });
    REQUIRE(all(bus.publish_durable(messages(1, 100), kCallTimeout)));
    auto consumer = bus.consume("JOBS", "a");
    const auto first = consumer.fetch(1, kCallTimeout);
    REQUIRE(first.size() == 1);
    consumer.ack(first[0]);

    server.kill();
    REQUIRE(wait_until([&] { return !bus.connected(); }));
    // No busy loop: a fetch without a server waits.
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE_THROWS_AS(consumer.fetch(1, Millis(300)), Unavailable);
    REQUIRE(std::chrono::steady_clock::now() - begin >= Millis(150));
    // No call exceeds the 4.5 s within which a process must stop.
    const auto fails_in_time = [](auto call) {
        const auto asked = std::chrono::steady_clock::now();
        REQUIRE_THROWS_AS(call(), Unavailable);
        REQUIRE(std::chrono::steady_clock::now() - asked < Millis(4'500) * testkit::patience());
    };
    fails_in_time([&] { bus.ensure_stream(jobs()); });
    fails_in_time([&] { bus.ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(1'000)); });
    fails_in_time([&] { bus.last_sequence("JOBS"); });

    server.start();
    std::set<std::string> got{first[0].body};
    REQUIRE(wait_until([&] {
        try {
            for (const auto& message : consumer.fetch(50, Millis(1'000))) {
                got.insert(message.body);
                consumer.ack(message);
            }
        } catch (const Unavailable&) {
            return false;
        }
        return got.size() == 100;
    }));
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
    BusFixture,
    "a publish interrupted by the server's death returns, and messages reported as stored are stored") {
    auto bus = client();
    until_answered([&] { bus->ensure_stream(jobs()); });
    until_answered([&] { bus->ensure_durable("JOBS", "a", "jobs.dispatch.a", Millis(1'000)); });
    const auto begin = std::chrono::steady_clock::now();
    auto other = client("other");
    std::thread killer([&] {
        auto watcher = other->consume("JOBS", "a");
        until_answered(
            [&] { return watcher.fetch(1, kCallTimeout); });  // not acknowledged: redelivered later
        server.kill();
    });
    std::vector<bool> stored;
    try {
        stored = bus->publish_durable(messages(1, 50'000), kCallTimeout).stored;
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
        Millis(60'000));
    INFO("acknowledged and lost: " << missing.size()
                                   << (missing.empty() ? "" : ", for example " + *missing.begin()));
    REQUIRE(all_came);
    // Publishing works again.
    REQUIRE(all(bus->publish_durable(messages(60'001, 60'010), kCallTimeout)));
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

    until_answered([&] { dispatcher->ensure_stream(BusFixture::jobs()); });
    const std::string subject = "jobs.dispatch." + agent_user;
    until_answered([&] { dispatcher->ensure_durable("JOBS", agent_user, subject, Millis(30'000)); });
    REQUIRE(BusFixture::all(dispatcher->publish_durable(BusFixture::messages(1, 3, subject), kCallTimeout)));
    auto consumer = agent->consume("JOBS", agent_user);
    for (int got = 0; got < 3;) {
        const auto some = consumer.fetch(3, kCallTimeout);
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
