// Opened secrets of attempts, in a folder in memory.
#include "services/node-agent/executor/secret_files.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "services/node-agent/executor/janitor.hpp"
#include "services/node-agent/testing/runner_world.hpp"
#include "wire/secrets.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;
namespace fs = std::filesystem;

namespace {

const std::string kPlain = "correct horse battery staple";

/// An assignment of the agent's own provider, with one secret.
wire::Assignment with_secret(const Agent& agent, std::uint8_t number = 1) {
    auto out = assignment(number, 1);
    out.provider = agent.signer->address();
    out.job_manager = address(0x11);
    wire::JobSpec spec;
    spec.chain_id = out.chain_id;
    spec.job_manager = *out.job_manager;
    spec.provider = out.provider;
    spec.docker_image = out.docker_image;
    spec.input_file_cid = out.input_file_cid;
    spec.command = out.command;
    spec.env = out.env;
    spec.requirements = out.requirements;
    spec.salt.array()[0] = number;
    spec.secrets = {
        {"TOKEN", wire::seal_secret(spec, "TOKEN", as_bytes(kPlain), agent.signer->public_key()).value()}};
    out.spec = wire::canonical_json(spec);
    out.job_id = wire::job_id_of(spec);
    return out;
}

std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// True if any file below holds the text.
bool holds(const std::string& dir, const std::string& text) {
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        if (entry.is_regular_file() && read(entry.path()).find(text) != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("secrets are files in memory, readable in the container and private on the host") {
    Agent agent;
    const auto job = with_secret(agent);
    CHECK(agent.secrets.missing(job));
    REQUIRE_FALSE(agent.secrets.put(job));
    CHECK_FALSE(agent.secrets.missing(job));
    const fs::path dir = agent.secrets.dir_of(job);
    CHECK(read(dir / "TOKEN") == kPlain);
    CHECK(fs::status(dir / "TOKEN").permissions() == fs::perms(0444));
    CHECK(fs::status(dir).permissions() == fs::perms(0555));
    CHECK(fs::status(dir.parent_path()).permissions() == fs::perms(0700));
    CHECK_FALSE(agent.secrets.put(job));  // again, after a kill
    CHECK(read(dir / "TOKEN") == kPlain);
    agent.secrets.remove({job.job_id, job.attempt});
    CHECK_FALSE(fs::exists(dir));
    agent.secrets.remove({job.job_id, job.attempt});

    const auto plain = assignment(2, 1);
    CHECK_FALSE(agent.secrets.put(plain));
    CHECK(agent.secrets.dir_of(plain).empty());
    CHECK_FALSE(agent.secrets.missing(plain));
}

TEST_CASE("a folder on a disk is no place for secrets") {
    Agent agent;
    CHECK(is_in_memory("/dev/shm"));
    CHECK_FALSE(is_in_memory("/proc"));
    CHECK_FALSE(is_in_memory("/nonexistent"));
    SecretFiles on_disk(*agent.signer, "/proc/lamda-secrets");
    const auto failure = on_disk.put(with_secret(agent));
    REQUIRE(failure);
    CHECK(failure->code == ErrorCode::kRefused);
    CHECK(failure->message == "this provider has no folder in memory for secrets");
}

TEST_CASE("a folder for secrets that cannot be used concerns only jobs with secrets") {
    Agent agent;
    SecretFiles unusable(*agent.signer, "/" + std::string(5'000, 'x'));  // longer than any path
    CHECK_FALSE(unusable.put(assignment(1, 1)));
    CHECK_NOTHROW(unusable.remove({job_id(1), 1}));
    CHECK(unusable.put(with_secret(agent)));
}

TEST_CASE("a job runs with its secrets mounted, which are gone when it has ended") {
    Agent agent;
    const auto job = with_secret(agent);
    std::string seen;
    std::string body;
    agent.world.on_start = [&] { seen = read(agent.secrets.dir_of(job) + "/TOKEN"); };
    agent.world.on_create = [&](const auto& request) {
        body = request.body;
        return net::HttpResponse{201, {}, "{}"};
    };
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(30));
    REQUIRE(agent.completed(key));
    CHECK(seen == kPlain);
    CHECK(body.find(R"("Target":"/run/secrets")") != std::string::npos);
    CHECK(body.find(kPlain) == std::string::npos);
    CHECK(fs::is_empty(agent.memory.path));
    CHECK_FALSE(holds(agent.dir.path(), kPlain));
}

TEST_CASE("a job whose secrets are not sealed for it is refused with a fixed sentence, and never runs") {
    Agent agent;
    auto job = with_secret(agent);
    std::string reason;
    SECTION("sealed for another spec") {
        auto spec = wire::parse_canonical_job_spec(*job.spec).value();
        spec.salt.array()[1] = 1;
        job.spec = wire::canonical_json(spec);
        job.job_id = wire::job_id_of(spec);
        reason = "refused: the job's secrets are not sealed to this provider for this job";
    }
    SECTION("an assignment of another program") {
        job.command = {"cat", "/run/secrets/TOKEN"};
        reason = "refused: the job's secrets belong to another spec than the assignment";
    }
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(30));
    CHECK(agent.failure(key) == reason);
    CHECK(agent.world.starts == 0);
    CHECK(fs::is_empty(agent.memory.path));
}

TEST_CASE("the janitor removes the secrets of attempts that are not active, also of an earlier process") {
    Agent agent;
    const auto running = with_secret(agent, 1);
    const auto retracted = with_secret(agent, 2);
    const auto unknown = with_secret(agent, 3);
    for (const auto& job : {running, retracted, unknown}) {
        REQUIRE_FALSE(agent.secrets.put(job));
    }
    agent.accept(running);
    agent.accept(retracted);
    agent.journal->update(retracted.job_id, [&](JobRecord& record) {
        enter(record, wire::Retraction{retracted.job_id, 1, wire::RetractReason::kCancelled});
    });
    agent.restart();
    Janitor janitor(*agent.journal, *agent.executor, agent.secrets, agent.dir.path() + "/jobs", agent.clock);
    janitor.clean_secrets();
    CHECK(fs::exists(agent.secrets.dir_of(running)));
    CHECK_FALSE(fs::exists(agent.secrets.dir_of(retracted)));
    CHECK_FALSE(fs::exists(agent.secrets.dir_of(unknown)));
}

TEST_CASE("secrets that a restart of the machine removed are written again before the start") {
    Agent agent;
    const auto job = with_secret(agent);
    bool seen = false;
    agent.world.on_start = [&] { seen = fs::exists(agent.secrets.dir_of(job) + "/TOKEN"); };
    const auto key = agent.accept(job);
    agent.world.containers[key.container()] = "created";
    agent.pass(std::chrono::seconds(30));
    CHECK(seen);
    CHECK(agent.world.starts == 1);
}
