// Container logs on the bus, published by an agent that is killed meanwhile.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <mutex>

#include "integration/agent_fixture.hpp"
#include "testkit/patience.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using wire::StatusKind;

TEST_CASE(
    "killed while it publishes logs, an agent sends the same chunks again, and no line twice or never") {
    Scenario scenario;
    const auto job = scenario.job(
        "for i in 1 2 3; do echo first $i; done; while [ ! -e /output/go ]; do sleep 0.1; done;"
        "echo second; echo third >&2; rm /output/go");
    std::mutex mutex;
    std::map<std::uint64_t, wire::LogChunk> chunks;
    bool differs = false;
    const auto logs = Servers::get().bus.subscribe(
        wire::logs_subject(scenario.provider(), job.job_id), "", [&](const bus::Message& message) {
            const auto chunk = wire::parse_log_chunk(message.body).value();
            const std::lock_guard lock(mutex);
            const auto known = chunks.emplace(chunk.seq, chunk).first;
            differs = differs || known->second.data != chunk.data || known->second.stream != chunk.stream;
        });
    scenario.start({{"LAMDA_CRASH_AT", "agent.logs.published"}});
    scenario.assign(job);
    REQUIRE(scenario.process().wait(testkit::kCallTimeout) == 128 + SIGKILL);
    // By the next start the log has more lines than the killed process saw.
    std::ofstream(scenario.output_dir(job) + "/go") << "";
    REQUIRE(testkit::wait_until([&] { return !scenario.container_runs(job); }));
    for (const auto* point : {"agent.logs.recorded", "agent.logs.published", "agent.logs.published:2"}) {
        INFO(point);
        scenario.start({{"LAMDA_CRASH_AT", point}});
        REQUIRE(scenario.process().wait(testkit::kCallTimeout) == 128 + SIGKILL);
    }
    scenario.start();
    scenario.wait_status(job, StatusKind::kCompleted);
    std::map<std::string, std::string> output;
    const bool complete = testkit::wait_until([&] {
        const std::lock_guard lock(mutex);
        output.clear();
        for (const auto& [seq, chunk] : chunks) {
            output[chunk.stream] += chunk.data;
        }
        return output["stderr"] == "third\n";
    });
    INFO("stdout: " << output["stdout"]);
    CHECK(complete);
    CHECK(output["stdout"] == "first 1\nfirst 2\nfirst 3\nsecond\n");
    const std::lock_guard lock(mutex);
    CHECK_FALSE(differs);
    CHECK(chunks.begin()->first == 1);
    CHECK(chunks.rbegin()->first == chunks.size());
}
