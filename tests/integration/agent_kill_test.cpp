// The node agent killed, stopped, and without its dependencies: every job still runs once and is reported
// once.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "integration/agent_fixture.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using wire::StatusKind;
namespace fs = std::filesystem;

namespace {

void check_completed_once(Scenario& scenario, const wire::Assignment& job) {
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(scenario.read_output(done.output_file_cid.value(), "result").size() == 37);
    CHECK(scenario.starts(job) == 1);
    std::set<std::uint32_t> numbers;
    for (const auto& status : scenario.statuses(job)) {
        if (status.status == StatusKind::kCompleted) {
            CHECK(status == done);  // a kill may store the status twice, byte for byte equal
        } else {
            CHECK(status.seq < done.seq);
        }
        numbers.insert(status.seq);
    }
    CHECK(numbers.contains(1));
    CHECK(testkit::wait_until(
        [&] { return !scenario.container_exists(job) && !fs::exists(scenario.job_dir(job)); }));
}

constexpr auto kJob = "cat /proc/sys/kernel/random/uuid > /output/result; sleep 0.2";

}  // namespace

TEST_CASE("killed at any step, a job runs once and completes once") {
    for (const std::string point :
         {"agent.journal.written", "agent.journal.renamed", "agent.assignment.recorded",
          "agent.assignment.acknowledged", "agent.input.fetched", "agent.container.created",
          "agent.container.started", "agent.started.recorded", "agent.run.recorded", "agent.output.stored",
          "agent.final.recorded", "agent.status.published", "agent.cleaned", "agent.journal.written:2",
          "agent.journal.written:3", "agent.journal.written:4", "agent.journal.renamed:3",
          "agent.journal.renamed:5"}) {
        INFO(point);
        std::cout << "  killed at " << point << std::endl;
        Scenario scenario;
        auto job = scenario.job(kJob);
        job.input_file_cid = scenario.store_input("input\n");
        scenario.start({{"LAMDA_CRASH_AT", point}});
        scenario.assign(job);
        const auto died = scenario.process().wait(Millis(60'000));
        REQUIRE(died == 128 + SIGKILL);
        scenario.start();
        check_completed_once(scenario, job);
        scenario.wait_ready();  // a process that is still starting handles no signal
        CHECK(scenario.process().stop() == 0);
    }
}

TEST_CASE("killed while the container runs, the agent resumes it") {
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job(
        "cat /proc/sys/kernel/random/uuid > /output/result; while [ ! -e /output/go ]; do sleep 0.1; done; "
        "rm /output/go");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    scenario.process().kill();
    CHECK(scenario.container_runs(job));

    SECTION("while it still runs") {
        scenario.start();
        CHECK(testkit::wait_until(
            [&] { return scenario.log().find("resuming container") != std::string::npos; }));
        std::ofstream(scenario.output_dir(job) + "/go") << "";
    }
    SECTION("after it ended while the agent was down") {
        std::ofstream(scenario.output_dir(job) + "/go") << "";
        CHECK(testkit::wait_until([&] { return !scenario.container_runs(job); }));
        scenario.start();
    }
    check_completed_once(scenario, job);
}

TEST_CASE("a job whose agent was killed at its start reaches its time limit after the restart") {
    Scenario scenario;
    // Killed as soon as the container runs: before the limit passes, on any machine.
    scenario.start({{"LAMDA_CRASH_AT", "agent.started.recorded"}});
    auto job = scenario.job("sleep 3600");
    job.requirements.time_limit_seconds = 2;
    scenario.assign(job);
    REQUIRE(scenario.process().wait(Millis(60'000)) == 128 + SIGKILL);
    const auto died = std::chrono::steady_clock::now();
    REQUIRE(testkit::wait_until([&] { return std::chrono::steady_clock::now() - died > Millis(2'100); }));
    CHECK(scenario.container_runs(job));
    scenario.start();
    CHECK(scenario.wait_failure(job) == wire::ErrorCode::kTimeout);
}

TEST_CASE("a retraction while the agent is down stops the container when it returns") {
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job("sleep 3600");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    scenario.process().kill();
    scenario.retract(job, 1);
    scenario.start();
    CHECK(testkit::wait_until([&] { return !scenario.container_exists(job); }));
    CHECK(testkit::wait_until([&] { return !fs::exists(scenario.job_dir(job)); }));
}

TEST_CASE("SIGTERM ends the agent with 0 within 5 s and leaves the container running") {
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job(
        "cat /proc/sys/kernel/random/uuid > /output/result; while [ ! -e /output/go ]; do sleep 0.1; done; "
        "rm /output/go");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    const auto began = std::chrono::steady_clock::now();
    scenario.process().signal(SIGTERM);
    CHECK(scenario.process().wait(Millis(60'000)) == 0);
    CHECK(std::chrono::steady_clock::now() - began < Millis(5'000) * testkit::patience());
    CHECK(scenario.container_runs(job));
    scenario.start();
    std::ofstream(scenario.output_dir(job) + "/go") << "";
    check_completed_once(scenario, job);
}

TEST_CASE("without NATS a job continues, and its statuses are published later") {
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job(
        "cat /proc/sys/kernel/random/uuid > /output/result; while [ ! -e /output/go ]; do sleep 0.1; done; "
        "rm /output/go");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    auto& servers = Servers::get();
    servers.nats.kill();
    std::ofstream(scenario.output_dir(job) + "/go") << "";
    CHECK(testkit::wait_until(
        [&] { return scenario.log().find("\"msg\":\"attempt completed\"") != std::string::npos; }));
    CHECK(testkit::wait_until([&] { return scenario.ready_report().starts_with("503"); }));
    CHECK(fs::exists(scenario.job_dir(job)));  // kept until the bus has stored the final status
    // Also after a restart of the agent.
    scenario.process().kill();
    scenario.start();
    servers.nats.start();
    REQUIRE(testkit::wait_until([&] { return servers.bus.connected(); }));
    check_completed_once(scenario, job);
    scenario.wait_ready();
}

TEST_CASE("an unavailable content store causes no second run, whatever happens to the agent meanwhile") {
    auto& servers = Servers::get();
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job(kJob);
    servers.store.stop();
    scenario.assign(job);
    const auto waits = [&] {
        return testkit::wait_until(
            [&] { return scenario.log().find("\"step\":\"store_failed\"") != std::string::npos; });
    };
    REQUIRE(waits());

    SECTION("nothing; the agent accepts another job, which runs in parallel") {
        const auto other = scenario.job(kJob);
        scenario.assign(other);
        CHECK(testkit::wait_until([&] { return scenario.starts(other) == 1; }));
        servers.store.start();
        check_completed_once(scenario, other);
    }
    SECTION("it is killed, and the container is gone as well") {
        scenario.process().kill();
        REQUIRE(servers.engine("DELETE", "/containers/" + Scenario::container(job) + "?force=1").status ==
                204);
        servers.store.start();
        scenario.start();
    }
    SECTION("it is stopped during the pause, and ends at once") {
        CHECK(scenario.process().stop() == 0);
        servers.store.start();
        scenario.start();
    }
    check_completed_once(scenario, job);
}

TEST_CASE("an input that is unavailable for a moment costs no attempt") {
    auto& servers = Servers::get();
    Scenario scenario;
    scenario.start();
    auto job = scenario.job(kJob);
    job.input_file_cid = scenario.store_input("input\n");
    servers.store.stop();
    scenario.assign(job);
    CHECK(testkit::wait_until(
        [&] { return scenario.log().find("\"step\":\"input_unavailable\"") != std::string::npos; }));
    servers.store.start();
    check_completed_once(scenario, job);
}

TEST_CASE("a restart of the engine costs an attempt, and is reported as transient") {
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job("trap 'exit 143' TERM; while true; do sleep 0.1; done");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    auto& servers = Servers::get();
    servers.docker.stop();
    CHECK(testkit::wait_until([&] {
        return scenario.ready_report().find("\"docker\":{\"ok\":false") != std::string::npos ||
               scenario.ready_report().starts_with("503");
    }));
    servers.docker.start();
    const auto failed = scenario.wait_status(job, StatusKind::kFailed);
    CHECK(failed.error_code == wire::ErrorCode::kInternal);  // transient: another attempt may succeed
    CHECK(scenario.starts(job) <= 1);
    const auto next = scenario.job("true");
    scenario.assign(next);
    scenario.wait_status(next, StatusKind::kCompleted);
}
