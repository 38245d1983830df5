// Secrets of a job on a real engine: only its container sees them, and they are gone afterwards.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "integration/agent_fixture.hpp"
#include "testkit/memory_dir.hpp"
#include "testkit/patience.hpp"
#include "wire/secrets.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using wire::StatusKind;
namespace fs = std::filesystem;

namespace {

const std::string kPlain = "correct horse battery staple";

/// Gives the job a spec with a secret, sealed to the scenario's provider.
void add_secret(Scenario& scenario, wire::Assignment& job) {
    wire::JobSpec spec;
    spec.chain_id = job.chain_id;
    spec.job_manager = Servers::get().job_manager;
    spec.provider = job.provider;
    spec.docker_image = job.docker_image;
    spec.command = job.command;
    spec.env = job.env;
    spec.requirements = job.requirements;
    spec.salt = random_bytes32();
    const auto key = crypto::LocalSigner::from_hex(scenario.key()).value()->public_key();
    spec.secrets = {{"TOKEN", wire::seal_secret(spec, "TOKEN", as_bytes(kPlain), key).value()}};
    job.job_manager = spec.job_manager;
    job.spec = wire::canonical_json(spec);
    job.job_id = wire::job_id_of(spec);
}

std::size_t files_in(const std::string& dir) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
}

bool holds(const std::string& dir, const std::string& text) {
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        if (entry.is_regular_file()) {
            std::ifstream in(entry.path(), std::ios::binary);
            const std::string content{std::istreambuf_iterator<char>(in), {}};
            if (content.find(text) != std::string::npos) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

TEST_CASE("a job reads its secret; inspect, log and disk have none; a killed agent leaves and removes it") {
    const testkit::MemoryDir memory;
    Scenario scenario(Env{{"AGENT_SECRETS_DIR", memory.path}});
    const std::string go = "/output/go";
    auto job = scenario.job(
        "sha256sum < /run/secrets/TOKEN > /output/result; id -u >> /output/result; "
        "echo x > /run/secrets/NEW || echo read-only >> /output/result; "
        "while [ ! -e " +
        go + " ]; do sleep 0.1; done; wc -c < /run/secrets/TOKEN >> /output/result");
    add_secret(scenario, job);
    scenario.start();
    scenario.assign(job);
    REQUIRE(testkit::wait_until([&] { return scenario.container_runs(job); }));
    CHECK(files_in(memory.path) == 1);
    const auto inspected = Servers::get().engine("GET", "/containers/" + scenario.container(job) + "/json");
    CHECK(inspected.status == 200);
    CHECK(inspected.body.find("/run/secrets") != std::string::npos);
    CHECK(inspected.body.find(kPlain) == std::string::npos);

    scenario.process().kill();
    CHECK(files_in(memory.path) == 1);
    scenario.start();
    scenario.wait_ready();
    CHECK(files_in(memory.path) == 1);
    std::ofstream(scenario.output_dir(job) + "/go") << "go";
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(scenario.starts(job) == 1);
    const auto result = scenario.read_output(done.output_file_cid.value(), "result");
    CHECK(result ==
          "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a  -\n0\nread-only\n28\n");
    CHECK(testkit::wait_until([&] { return files_in(memory.path) == 0; }));
    CHECK_FALSE(holds(scenario.state_dir(), kPlain));
    CHECK(scenario.log().find(kPlain) == std::string::npos);
}

TEST_CASE("secrets of a job that was retracted while no agent ran are removed") {
    const testkit::MemoryDir memory;
    Scenario scenario(Env{{"AGENT_SECRETS_DIR", memory.path}});
    auto job = scenario.job("sleep 600");
    add_secret(scenario, job);
    scenario.start();
    scenario.assign(job);
    REQUIRE(testkit::wait_until([&] { return scenario.container_runs(job); }));
    scenario.process().kill();
    CHECK(files_in(memory.path) == 1);
    scenario.retract(job, 1);
    scenario.start();
    CHECK(testkit::wait_until([&] { return files_in(memory.path) == 0 && !scenario.container_exists(job); }));
}

TEST_CASE("an agent without a folder in memory refuses a job with secrets, and runs others") {
    Scenario scenario(Env{{"AGENT_SECRETS_DIR", "/proc/lamda-secrets"}});
    scenario.start();
    auto job = scenario.job("true");
    add_secret(scenario, job);
    scenario.assign(job);
    CHECK(scenario.wait_failure(job) == wire::ErrorCode::kRefused);
    const auto plain = scenario.job("true");
    scenario.assign(plain);
    scenario.wait_status(plain, StatusKind::kCompleted);
}
