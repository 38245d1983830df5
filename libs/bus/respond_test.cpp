// Tests which reply subjects are answered.
#include <catch2/catch.hpp>
#include <mutex>

#include "bus/bus.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::bus;

TEST_CASE("an answer is sent to reply subjects only, whatever the request names") {
    const testkit::TempDir dir("respond");
    const testkit::NatsServer nats(dir.path());
    Bus service(nats.url(), "service", telemetry::Log::none());
    Bus observer(nats.url(), "observer", telemetry::Log::none());
    REQUIRE(testkit::wait_until([&] { return service.connected() && observer.connected(); }));
    std::mutex mutex;
    std::vector<std::string> received;
    const auto all = observer.subscribe(">", "", [&](const Message& message) {
        const std::lock_guard lock(mutex);
        received.push_back(message.subject);
    });
    const auto has_received = [&](const std::string& subject) {
        const std::lock_guard lock(mutex);
        return std::find(received.begin(), received.end(), subject) != received.end();
    };
    REQUIRE(testkit::wait_until([&] {
        service.publish("ready", "");
        return has_received("ready");
    }));
    for (const char* reply : {"jobs.dispatch.0x90f79bf6eb2c4f870365e785982e1f101e93b906", "jobs.command",
                              "$JS.API.STREAM.PURGE.JOBS", "events.global", "_INBOXES.x", ""}) {
        service.respond({"jobs.command", "", reply}, "{}");
    }
    service.respond({"jobs.command", "", "_R_.of.an.account"}, "{}");
    service.respond({"jobs.command", "", "_INBOX.gateway.1"}, "{}");
    REQUIRE(testkit::wait_until([&] { return has_received("_INBOX.gateway.1"); }));
    const std::lock_guard lock(mutex);
    std::erase(received, "ready");
    CHECK(received == std::vector<std::string>{"_R_.of.an.account", "_INBOX.gateway.1"});
}
