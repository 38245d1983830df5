// Statuses that are owed until the dispatcher has applied them: the bus may lose what it acknowledged.
#include <catch2/catch.hpp>
#include <csignal>

#include "integration/agent_fixture.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using wire::StatusKind;
using Env = Scenario::Env;

namespace {

std::vector<wire::JobStatus> final_statuses(Scenario& scenario, const wire::Assignment& job) {
    auto found = scenario.statuses(job);
    std::erase_if(found, [](const auto& status) {
        return status.status != StatusKind::kCompleted && status.status != StatusKind::kFailed;
    });
    return found;
}

bool is_applied(const Scenario& scenario, const wire::Assignment& job) {
    const auto record = scenario.journal_file(job);
    return record.find("\"finalApplied\":true") != std::string::npos;
}

}  // namespace

TEST_CASE("a final status is sent again until the dispatcher has applied it, also by a restarted agent") {
    Scenario scenario;
    scenario.acknowledge_statuses(false);
    scenario.start();
    const auto job = scenario.job("echo 1 > /output/result");
    scenario.assign(job);
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    REQUIRE(testkit::wait_until([&] { return final_statuses(scenario, job).size() >= 2; }));
    CHECK_FALSE(is_applied(scenario, job));
    scenario.process().kill();
    scenario.start();
    const auto before = final_statuses(scenario, job).size();
    scenario.acknowledge_statuses(true);
    REQUIRE(testkit::wait_until([&] { return final_statuses(scenario, job).size() > before; }));
    CHECK(testkit::wait_until([&] { return is_applied(scenario, job); }));
    for (const auto& status : final_statuses(scenario, job)) {
        CHECK(status == done);
    }
    CHECK(scenario.starts(job) == 1);
}

TEST_CASE("an agent that is killed while it reports a stopped attempt reports it after its restart") {
    Scenario scenario;
    scenario.start({{"LAMDA_CRASH_AT", "agent.stopped.recorded"}});
    const auto job = scenario.job("sleep 3600");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    scenario.retract(job, 1);
    REQUIRE(scenario.process().wait(testkit::kCallTimeout) == 128 + SIGKILL);
    CHECK_FALSE(scenario.container_exists(job));
    scenario.start();
    CHECK(scenario.wait_failure(job) == wire::ErrorCode::kRetracted);
}
