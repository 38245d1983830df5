// The node agent enforces a job's diskMib, wherever in its container the job writes.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "integration/agent_fixture.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using wire::ErrorCode;
using wire::StatusKind;
using Env = Scenario::Env;

namespace {

/// Shell commands: `count` files of `mib` MiB each in `dir`.
std::string files(const std::string& dir, int count, int mib) {
    return "for i in $(seq " + std::to_string(count) + "); do dd if=/dev/zero of=" + dir +
           "/$i bs=1M count=" + std::to_string(mib) + " 2>/dev/null; done; ";
}

/// Longer than any test waits: a container that ends before was stopped.
constexpr auto kStay = "sleep 60";

wire::Assignment with_volume(wire::Assignment job) {
    job.docker_image = Servers::get().image_with_volume();
    return job;
}

bool no_volumes() {
    const auto answer = Servers::get().engine("GET", "/volumes");
    REQUIRE(answer.status == 200);
    const auto volumes = nlohmann::json::parse(answer.body).at("Volumes");
    return volumes.is_null() || volumes.empty();
}

}  // namespace

TEST_CASE("a job that exceeds its disk limit anywhere is stopped, with the counted bytes in its status") {
    Scenario scenario(Env{{"AGENT_CAPACITY", "4"}});
    scenario.start();
    struct Case {
        const char* scenario;
        wire::Assignment job;  // 8 MiB are allowed
    };
    const std::vector<Case> cases = {
        {"its own root file system", scenario.job(files("/tmp", 3, 4) + kStay)},
        {"a volume of its image", with_volume(scenario.job(files("/data", 3, 4) + kStay))},
        {"a bit of each", with_volume(scenario.job(files("/output", 1, 3) + files("/data", 1, 3) +
                                                   files("/tmp", 1, 3) + kStay))},
        {"files that the engine mounts", scenario.job("for f in hosts hostname; do dd if=/dev/zero "
                                                      "of=/etc/$f bs=1M count=5 2>/dev/null; done; " +
                                                      std::string(kStay))},
        {"empty files in /output",
         scenario.job("cd /output; i=0; while [ $i -lt 9000 ]; do mkdir $i; cd $i; : > f; cd ..; i=$((i+1)); "
                      "done; " +
                      std::string(kStay))},
        {"empty files in its own file system",
         scenario.job("cd /tmp; i=0; while [ $i -lt 9000 ]; do : > $i; i=$((i+1)); done; " +
                      std::string(kStay))},
        {"empty files, and ends before a measurement",
         scenario.job("cd /tmp; i=0; while [ $i -lt 9000 ]; do : > $i; i=$((i+1)); done")},
        {"a file below a path that is too long to open",
         scenario.job("cd /output; d=$(printf '%0200d' 0); for i in $(seq 25); do mkdir $d && cd $d; done; " +
                      files(".", 3, 4) + kStay)},
        {"its own file system, and ends before a measurement", scenario.job(files("", 3, 4) + "true")},
        {"a volume, and ends before a measurement", with_volume(scenario.job(files("/data", 3, 4) + "true"))},
    };
    for (const auto& one : cases) {
        scenario.assign(one.job);
    }
    for (const auto& one : cases) {
        INFO(one.scenario);
        const auto failed = scenario.wait_status(one.job, StatusKind::kFailed);
        const auto message = failed.error_message.value_or("");
        INFO(message);
        CHECK(wire::to_string(failed.error_code.value()) == wire::to_string(ErrorCode::kOutputTooLarge));
        CHECK(message.starts_with("the job wrote at least "));
        CHECK(message.find(" bytes, 8 MiB are allowed: ") != std::string::npos);
    }
    CHECK(testkit::wait_until(no_volumes));
}

TEST_CASE("a single file that reaches the disk limit in its own file system is reported as such") {
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job("dd if=/dev/zero of=/tmp/big bs=1M count=9");
    scenario.assign(job);
    CHECK(scenario.wait_failure(job) == ErrorCode::kOutputTooLarge);
}

TEST_CASE("a job within its disk limit completes; its volume has the image's content, and is removed") {
    Scenario scenario;
    scenario.start();
    // Written again in the same place, or removed before the next measurement, it takes no more room.
    const auto job = with_volume(scenario.job(files("/tmp", 1, 2) + files("/tmp", 1, 2) + "rm /tmp/1; " +
                                              files("/tmp", 1, 2) + files("/data", 1, 2) +
                                              "(cat /data/seed; stat -c %a /data) > /output/report"));
    scenario.assign(job);
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(scenario.read_output(done.output_file_cid.value(), "report") == "sown\n711\n");
    CHECK(testkit::wait_until([&] { return !scenario.container_exists(job); }));
    CHECK(testkit::wait_until(no_volumes));
}

TEST_CASE("an output of exactly the disk limit completes") {
    Scenario scenario;
    scenario.start();
    const auto job = scenario.job(files("/output", 2, 4));
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kCompleted);
}

TEST_CASE("an agent killed before it stopped a job over its disk limit still reports the limit") {
    Scenario scenario;
    scenario.start({{"LAMDA_CRASH_AT", "agent.excess.recorded"}});
    const auto job = scenario.job(files("/tmp", 3, 4) +
                                  "while [ ! -e /output/go ]; do sleep 0.1; done; rm /output/go /tmp/*");
    scenario.assign(job);
    REQUIRE(scenario.process().wait(Millis(60'000)) == 128 + SIGKILL);
    std::ofstream(scenario.output_dir(job) + "/go") << "";
    REQUIRE(testkit::wait_until([&] { return !scenario.container_runs(job); }));
    scenario.start();
    CHECK(scenario.wait_failure(job) == ErrorCode::kOutputTooLarge);
}
