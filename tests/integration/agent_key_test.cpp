// Quiet secrets (invariant 9), of the agent.
#include <catch2/catch.hpp>

#include "integration/agent_fixture.hpp"
#include "integration/process_memory.hpp"

using namespace lamda;
using namespace lamda::agent_test;

TEST_CASE("a ready agent that has signed statuses holds its key once, as bytes, and in no environment") {
    Scenario scenario;
    scenario.start();
    scenario.wait_ready();
    const auto job = scenario.job("echo done > /output/result");
    scenario.assign(job);
    scenario.wait_status(job, wire::StatusKind::kCompleted);

    const auto process = scenario.process().pid();
    const integration::ProcessMemory memory(process);
    const auto traces = integration::traces_of_key(memory, scenario.key());
    CHECK(traces.raw == 1);
    CHECK(traces.reversed == 0);
    const auto copies = memory.count("AGENT_PRIVATE_KEY=" + scenario.key());
    CHECK(copies <= integration::kCopiesOfEnvironment);
    CHECK(traces.hex == copies * integration::KeyTraces::kPieces);
    const auto environment = integration::environment_of(process);
    CHECK(environment.find("AGENT_STATE_DIR=") != std::string::npos);
    CHECK(environment.find(scenario.key()) == std::string::npos);
}
