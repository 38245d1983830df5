// Tests that the bus and its consumers name the cause when the bus is unusable.
#include <catch2/catch.hpp>
#include <fstream>

#include "bus/bus.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::bus;
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
