// Tests that the bus and its consumers name the cause when the bus is unusable.
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "bus/bus.hpp"
#include "bus/testing/until_answered.hpp"
#include "testkit/server_process.hpp"

using namespace lamda;
using namespace lamda::bus;
using lamda::bus::testing::until_answered;
using testkit::wait_until;

namespace {

StreamSpec jobs() {
    StreamSpec spec;
    spec.name = "JOBS";
    spec.subjects = {"jobs.dispatch.*"};
    spec.retention = StreamSpec::Retention::kWorkQueue;
    return spec;
}

}  // namespace

TEST_CASE("the cause of an unusable bus is reported, and cleared when it is gone") {
    const testkit::TempDir dir("bus-trouble");
    const std::string port = std::to_string(testkit::free_port());
    const auto start = [&](const std::string& password, bool jetstream) {
        std::ofstream(dir.path() + "/nats.conf")
            << "listen: \"127.0.0.1:" << port << "\"\n"
            << (jetstream ? "jetstream { store_dir: \"" + dir.path() + "/js\" }\n" : "")
            << "authorization { user: \"us@er\", password: \"" << password << "\" }\n";
        testkit::ProcessSpec spec;
        spec.argv = {"nats-server", "-c", dir.path() + "/nats.conf"};
        spec.cwd = dir.path();
        spec.log_file = dir.path() + "/nats.log";
        return std::make_unique<testkit::Process>(spec);
    };
    Bus bus("nats://us%40er:p%2Fw%23@127.0.0.1:" + port, "bus-test", telemetry::Log::none());
    const auto says = [&](const std::string& what) {
        return wait_until([&] { return bus.last_error().find(what) != std::string::npos; });
    };
    REQUIRE(says("no server answers"));
    auto server = start("another", true);
    REQUIRE(says("refuses the login"));
    CHECK(bus.last_error().find("p/w") == std::string::npos);
    server.reset();
    server = start("p/w#", false);
    REQUIRE(wait_until([&] { return bus.connected(); }));
    REQUIRE_THROWS_AS(bus.ensure_stream(jobs()), Unavailable);
    CHECK(bus.last_error().find("JetStream is not enabled") != std::string::npos);
    server.reset();
    server = start("p/w#", true);
    REQUIRE(wait_until([&] {
        try {
            bus.ensure_stream(jobs());
        } catch (const Unavailable&) {
            return false;
        }
        return true;
    }));
    CHECK(bus.last_error().empty());
}

TEST_CASE("a consumer reports missing JetStream, at start and after its loss") {
    const testkit::TempDir dir("bus-consumer");
    const std::string port = std::to_string(testkit::free_port());
    const auto start = [&](bool jetstream) {
        testkit::ProcessSpec spec;
        spec.argv = {"nats-server", "-a", "127.0.0.1", "-p", port};
        if (jetstream) {
            spec.argv.insert(spec.argv.end(), {"-js", "-sd", dir.path() + "/js"});
        }
        spec.cwd = dir.path();
        spec.log_file = dir.path() + "/nats.log";
        return std::make_unique<testkit::Process>(spec);
    };
    auto server = start(false);
    Bus bus("nats://127.0.0.1:" + port, "bus-test", telemetry::Log::none());
    auto consumer = bus.consume("JOBS", "worker");
    const auto fails_with = [&](const std::string& what) {
        return wait_until([&] {
            try {
                consumer.fetch(1, Millis(500));
            } catch (const Unavailable& error) {
                return std::string_view(error.what()).find(what) != std::string_view::npos;
            }
            return false;
        });
    };
    const auto fetches = [&] {
        return wait_until([&] {
            try {
                bus.ensure_stream(jobs());
                bus.ensure_durable("JOBS", "worker", "", Millis(30'000));
                consumer.fetch(1, Millis(100));
                return true;
            } catch (const Unavailable&) {
                return false;
            }
        });
    };
    CHECK(fails_with("JetStream is not enabled"));
    CHECK(bus.last_error().find("JetStream is not enabled") != std::string::npos);
    server.reset();
    server = start(true);
    CHECK(fetches());
    CHECK(bus.last_error().empty());
    server.reset();
    server = start(false);
    CHECK(fails_with("JetStream is not enabled"));
    CHECK(bus.last_error().find("JetStream is not enabled") != std::string::npos);
}

TEST_CASE("a login that is refused again and again is retried; subscriptions and consumers then work") {
    const testkit::TempDir dir("bus-refused");
    const std::string port = std::to_string(testkit::free_port());
    const auto start = [&](const std::string& password) {
        std::ofstream(dir.path() + "/nats.conf")
            << "listen: \"127.0.0.1:" << port << "\"\n"
            << "jetstream { store_dir: \"" << dir.path() << "/js\" }\n"
            << "authorization { user: user, password: \"" << password << "\" }\n";
        testkit::ProcessSpec spec;
        spec.argv = {"nats-server", "-c", dir.path() + "/nats.conf"};
        spec.cwd = dir.path();
        spec.log_file = dir.path() + "/nats.log";
        return std::make_unique<testkit::Process>(spec);
    };
    const auto refusals = [&] {
        std::ostringstream text;
        text << std::ifstream(dir.path() + "/nats.log").rdbuf();
        int count = 0;
        for (auto at = text.str().find("authentication error"); at != std::string::npos;
             at = text.str().find("authentication error", at + 1)) {
            ++count;
        }
        return count;
    };
    auto server = start("another");
    REQUIRE(wait_until([&] { return testkit::accepts_connections(std::stoi(port)); }));
    Bus bus("nats://user:right@127.0.0.1:" + port, "bus-test", telemetry::Log::none());
    std::atomic<int> heard = 0;
    auto subscription = bus.subscribe("news", "", [&](const Message&) { ++heard; });
    auto consumer = bus.consume("JOBS", "worker");
    REQUIRE(wait_until([&] { return refusals() >= 4; }));
    server.reset();
    server = start("right");
    REQUIRE(wait_until([&] {
        bus.publish("news", "x");
        return heard > 0;
    }));
    until_answered([&] { bus.ensure_stream(jobs()); });
    until_answered([&] { bus.ensure_durable("JOBS", "worker", "", Millis(30'000)); });
    REQUIRE(bus.publish_durable({{"jobs.dispatch.a", "d1", "job"}}, testkit::kCallTimeout).stored ==
            std::vector{true});
    CHECK(
        wait_until([&] { return !until_answered([&] { return consumer.fetch(1, Millis(500)); }).empty(); }));

    server.reset();  // refused again, after a good time
    server = start("another");
    const int before = refusals();
    REQUIRE(wait_until([&] { return refusals() >= before + 4; }));
    server.reset();
    server = start("right");
    const int earlier = heard;
    CHECK(wait_until([&] {
        bus.publish("news", "x");
        return heard > earlier;
    }));
}
