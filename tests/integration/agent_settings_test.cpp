// An agent configured for another chain or contract than its assignments.
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>

#include "integration/agent_fixture.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using wire::StatusKind;

TEST_CASE(
    "an agent set for another chain or contract returns its assignment, and a correctly set one runs it") {
    Env wrong;
    std::string detail;
    SECTION("another chain") {
        wrong = {{"BSC_CHAIN_ID", ""}};  // as the endpoints report
        detail = "set BSC_CHAIN_ID to 56";
    }
    SECTION("another contract") {
        wrong = {{"JOB_MANAGER_CONTRACT_ADDRESS", "0x00000000000000000000000000000000000000aa"}};
        detail = "set JOB_MANAGER_CONTRACT_ADDRESS to";
    }
    Scenario scenario(wrong);
    std::atomic<bool> no_room = false;
    const auto ear = Servers::get().bus.subscribe(
        wire::heartbeat_subject(scenario.provider()), "", [&](const bus::Message& message) {
            if (wire::parse_heartbeat(message.body).value().capacity == 0) {
                no_room = true;
            }
        });
    scenario.start();
    scenario.wait_ready();
    auto job = scenario.job("echo done > /output/result");
    job.job_manager = Servers::get().job_manager;
    const bool other_chain = wrong.contains("BSC_CHAIN_ID");
    if (other_chain) {
        job.chain_id = ChainId{56};
    }
    scenario.assign(job);
    CHECK(testkit::wait_until(
        [&] {
            const auto report = scenario.ready_report();
            return report.starts_with("503") && report.find(detail) != std::string::npos;
        },
        Millis(60'000)));
    CHECK(testkit::wait_until([&] { return no_room.load(); }, Millis(60'000)));
    CHECK(scenario.log().find(detail) != std::string::npos);
    CHECK(scenario.statuses(job).empty());

    if (!other_chain) {
        scenario.process().signal(SIGTERM);
        REQUIRE(scenario.process().wait(Millis(60'000)) == 0);
        scenario.start({{"JOB_MANAGER_CONTRACT_ADDRESS", Servers::get().job_manager.hex()}});
        scenario.wait_status(job, StatusKind::kCompleted, Millis(120'000));
    } else {
        scenario.retract(job, 1);
        CHECK(
            testkit::wait_until([&] { return scenario.ready_report().starts_with("200"); }, Millis(120'000)));
        // The retraction ends the redelivery. No report answers it: it would be signed for another chain.
        CHECK(scenario.log().find("retraction of another chain or contract") != std::string::npos);
        CHECK(scenario.statuses(job).empty());
    }
}
