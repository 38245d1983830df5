// Two agents with one key, each with its own folder.
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <set>

#include "integration/agent_fixture.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using wire::StatusKind;

namespace {

bool knows_of_twin(Scenario& scenario) {
    const auto report = scenario.ready_report();
    return report.starts_with("503") &&
           report.find("another agent uses this provider's key") != std::string::npos;
}

}  // namespace

TEST_CASE("two agents with one key accept no new work and finish running jobs; the remaining one continues") {
    Scenario first(Env{{"AGENT_CAPACITY", "2"}});
    Scenario second(Env{{"AGENT_PRIVATE_KEY", first.key()},
                        {"NATS_URL", Servers::get().nats.url(first.provider().hex())},
                        {"AGENT_CAPACITY", "2"}},
                    false);
    std::mutex mutex;
    std::set<std::string> full;  // instances that reported no capacity
    const auto ear = Servers::get().bus.subscribe(
        wire::heartbeat_subject(first.provider()), "", [&](const bus::Message& message) {
            const auto heartbeat = wire::parse_heartbeat(message.body).value();
            const std::lock_guard lock(mutex);
            if (heartbeat.capacity == 0) {
                full.insert(heartbeat.instance);
            }
        });
    first.start();
    first.wait_ready();
    const auto begun = first.job("while [ ! -e /output/go ]; do sleep 0.1; done; rm /output/go");
    first.assign(begun);
    first.wait_status(begun, StatusKind::kRunning);

    second.start();
    CHECK(testkit::wait_until([&] { return knows_of_twin(first); }));
    CHECK(testkit::wait_until([&] { return knows_of_twin(second); }));
    CHECK(testkit::wait_until([&] {
        const std::lock_guard lock(mutex);
        return full.size() == 2 && !full.contains("");
    }));
    for (const auto* scenario : {&first, &second}) {
        CHECK(scenario->log().find("duplicate agent detected") != std::string::npos);
    }

    const auto waiting = first.job("true");
    first.assign(waiting);
    std::ofstream(first.output_dir(begun) + "/go") << "";
    first.wait_status(begun, StatusKind::kCompleted);
    CHECK_FALSE(testkit::wait_until([&] { return !first.statuses(waiting).empty(); }, Millis(3'000)));

    CHECK(second.process().stop() == 0);
    first.wait_status(waiting, StatusKind::kCompleted, Millis(60'000));
    first.wait_ready();
    CHECK(first.starts(waiting) == 1);
}

TEST_CASE("a killed agent is not a duplicate of its successor, which accepts work at once") {
    Scenario scenario;
    scenario.start();
    scenario.wait_ready();
    scenario.process().kill();
    scenario.start();
    const auto job = scenario.job("true");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(scenario.log().find("duplicate agent detected") == std::string::npos);
}

TEST_CASE("heartbeats are signed and numbered across a kill, and replayed ones are no duplicate agent") {
    Scenario scenario;
    std::mutex mutex;
    std::vector<std::string> received;
    const auto subject = wire::heartbeat_subject(scenario.provider());
    const auto ear = Servers::get().bus.subscribe(subject, "", [&](const bus::Message& message) {
        const std::lock_guard lock(mutex);
        received.push_back(message.body);
    });
    const auto count = [&] {
        const std::lock_guard lock(mutex);
        return received.size();
    };
    scenario.start();
    CHECK(testkit::wait_until([&] { return count() >= 2; }));
    scenario.process().kill();
    const auto of_first = count();
    scenario.start();
    CHECK(testkit::wait_until([&] { return count() > of_first; }));
    scenario.wait_ready();

    std::vector<std::string> all;
    {
        const std::lock_guard lock(mutex);
        all = received;
    }
    const auto market = wire::market_domain(ChainId{97}, Servers::get().job_manager);
    std::uint64_t newest = 0;
    for (const auto& text : all) {
        const auto heartbeat = wire::parse_heartbeat(text).value();
        CHECK(wire::verify_heartbeat(heartbeat, market));
        CHECK(heartbeat.seq > newest);
        newest = heartbeat.seq;
    }
    auto forged = wire::parse_heartbeat(all.back()).value();
    forged.instance = "forged";
    forged.seq += 1'000;
    all.push_back(wire::to_json(forged));
    bus::Bus stolen_login(Servers::get().nats.url(scenario.provider().hex()), "test", telemetry::Log::none());
    REQUIRE(testkit::wait_until([&] { return stolen_login.connected(); }));
    const auto before = count();
    for (const auto& text : all) {
        stolen_login.publish(subject, text);
    }
    CHECK(testkit::wait_until([&] { return count() >= before + all.size(); }));
    // Work is accepted after them: the agent has not backed off.
    const auto job = scenario.job("true");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(scenario.log().find("duplicate agent detected") == std::string::npos);
}
