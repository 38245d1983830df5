// Docker executor on a fake engine: what the runner's tests do not reach.
#include "services/node-agent/executor/docker/docker_executor.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "services/node-agent/testing/runner_world.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

Json listed(const std::string& id, const std::string& folder, const std::string& job,
            const std::string& attempt) {
    return {{"Id", id},
            {"Labels", {{"lamda.folder", folder}, {"lamda.job", job}, {"lamda.attempt", attempt}}}};
}

}  // namespace

TEST_CASE("strays are this agent's containers of attempts that are unknown or not needed") {
    Agent agent;
    const auto own = agent.dir.path() + "/jobs/";
    const auto job = job_id(1).hex();
    agent.world.listed =
        Json::array({listed("needed", own + "1", job, "2"), listed("old", own + "2", job, "1"),
                     listed("unreadable", own + "3", job, "one"),
                     listed("of-another-agent", "/elsewhere/jobs/4", job, "1"),
                     listed("of-version-0-1-0", "", job, "1")});
    for (const auto& container : agent.world.listed) {
        agent.world.containers[container["Id"].get<std::string>()] = "running";
    }
    agent.executor->remove_strays([](const AttemptKey& key) { return key == AttemptKey{job_id(1), 2}; });
    CHECK(agent.world.containers ==
          std::map<std::string, std::string>{{"needed", "running"}, {"of-another-agent", "running"}});
}

TEST_CASE("an image that is removed after it was obtained is obtained again, in the same attempt") {
    Agent agent;
    const std::string input = "hello lamda\n";
    agent.world.on_get = [&](const auto&) {
        agent.world.image_there = false;
        return net::HttpResponse{200, {}, input};
    };
    auto job = assignment(1, 1);
    job.input_file_cid = Cid(CidCodec::kRaw, crypto::sha256(as_bytes(input))).to_string();
    const auto key = agent.accept(job);
    REQUIRE(agent.runner->serve_one({}));
    CHECK(agent.journal->active(key));
    CHECK(agent.world.pulls == 1);
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.completed(key));
    CHECK(agent.world.pulls == 2);
    CHECK(agent.world.starts == 1);
}

TEST_CASE("a container that lacks what its job requests is not started, whichever process created it") {
    Agent agent;
    auto job = assignment(1, 1);
    std::string because;
    SECTION("a read-only root file system") {
        job.requirements.read_only_root = true;
        agent.world.read_only_root = false;
        because = "read-only root";
    }
    SECTION("a GPU") {
        job.requirements.gpu_count = 1;
        agent.world.device_requests = nullptr;
        because = "none available";
    }
    const auto key = agent.accept(job);
    agent.world.failing_inspects = 1;  // the first one after the creation
    REQUIRE(agent.runner->serve_one({}));
    CHECK(agent.world.failing_inspects == 0);
    CHECK(agent.world.containers.size() == 1);
    CHECK(agent.journal->active(key));
    agent.restart();
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.failure(key).starts_with("refused: "));
    CHECK(agent.failure(key).find(because) != std::string::npos);
    CHECK(agent.world.starts == 0);
}

TEST_CASE("an engine that does not answer is unavailable; its error answers are errors of the executor") {
    Agent agent;
    const AttemptKey key{job_id(1), 1};
    agent.world.engine_away = true;
    CHECK_THROWS_AS(agent.executor->find(key), ExecutorUnavailable);
    CHECK_THROWS_AS(agent.executor->machine(), ExecutorUnavailable);
    agent.world.engine_away = false;
    CHECK_FALSE(agent.executor->find(key));
    CHECK_THROWS_AS(agent.executor->bytes_elsewhere(key, 1, {}), ExecutorError);
}

TEST_CASE("images that this agent pulled are removed once unused for the set time, the operator's never") {
    Agent agent;
    agent.images.registries = {"docker.io"};
    agent.retention.keep = std::chrono::hours(2);
    agent.restart();
    agent.world.on_pull = [&](const auto& request) {
        agent.world.stored_images = {{{"Id", "sha256:aa"}, {"Size", 100}, {"RepoTags", {"a/b:1"}}}};
        return FakeWorld::streamed(request, "{}\n");
    };
    auto job = assignment(1, 1);
    job.docker_image = "a/b:1";
    SECTION("pulled by the agent") {
        const auto key = agent.accept(job);
        agent.pass(std::chrono::seconds(1));
        REQUIRE(agent.completed(key));
        agent.executor->remove_unused();
        CHECK(agent.world.deleted_images.empty());
        agent.clock.advance(std::chrono::hours(2));
        agent.world.listed = {{{"Id", "c"}, {"ImageID", "sha256:aa"}}};
        agent.executor->remove_unused();
        CHECK(agent.world.deleted_images.empty());  // a container uses it
        agent.world.listed = Json::array();
        agent.world.delete_status = 409;
        agent.executor->remove_unused();
        CHECK(agent.pulled->contains("sha256:aa"));  // the engine objects: later again
        agent.world.delete_status = 500;
        CHECK_NOTHROW(agent.executor->remove_unused());  // it concerns this image alone
        CHECK(agent.pulled->contains("sha256:aa"));
        agent.world.delete_status = 200;
        agent.world.deleted_images.clear();
        agent.executor->remove_unused();
        CHECK(agent.world.deleted_images == std::vector<std::string>{"a%2Fb%3A1", "sha256%3Aaa"});
        CHECK_FALSE(agent.pulled->contains("sha256:aa"));
    }
    SECTION("on the engine before the pull") {
        agent.world.stored_images = {{{"Id", "sha256:aa"}, {"Size", 100}, {"RepoTags", nullptr}}};
        const auto key = agent.accept(job);
        agent.pass(std::chrono::seconds(1));
        REQUIRE(agent.completed(key));
        agent.clock.advance(std::chrono::hours(3));
        agent.executor->remove_unused();
        CHECK(agent.world.deleted_images.empty());
    }
}

TEST_CASE("a login is sent with the pulls of its registry only; one that is not readable delays the pull") {
    Agent agent;
    agent.images.registries = {"docker.io", "quay.io"};
    agent.auth_file = agent.dir.path() + "/config.json";
    agent.restart();
    std::vector<std::string> logins;
    agent.world.on_pull = [&](const net::HttpRequest& request) {
        logins.emplace_back();
        for (const auto& [name, value] : request.headers) {
            logins.back() = name == "X-Registry-Auth" ? value : logins.back();
        }
        agent.world.image_id = "sha256:" + std::to_string(logins.size());
        return FakeWorld::streamed(request, "{}\n");
    };
    auto job = assignment(1, 1);
    job.docker_image = "a/b:1";
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.journal->active(key));
    CHECK(logins.empty());
    std::ofstream(agent.auth_file) << R"({"auths":{"https://index.docker.io/v1/":{"identitytoken":"t"}}})";
    agent.pass(std::chrono::seconds(60));
    REQUIRE(agent.completed(key));
    agent.world.image_id = "sha256:unknown";
    auto other = assignment(2, 1);
    other.docker_image = "quay.io/a/b:1";
    agent.accept(other);
    agent.pass(std::chrono::seconds(1));
    REQUIRE(logins.size() == 2);
    CHECK_FALSE(logins[0].empty());
    CHECK(logins[1].empty());
}

TEST_CASE("containers get the set runtime; a job is refused while the engine lacks it") {
    Agent agent;
    agent.runtime = "runsc";
    agent.restart();
    std::string created;
    agent.world.on_create = [&](const auto& request) {
        created = request.body;
        return net::HttpResponse{201, {}, "{}"};
    };
    agent.world.info = R"({"NCPU":2,"Driver":"vfs","Runtimes":{"runc":{"path":"runc"}}})";
    const auto refused = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.failure(refused).starts_with("refused: this provider's engine lacks the runtime"));
    CHECK(created.empty());
    agent.world.info =
        R"({"NCPU":2,"Driver":"vfs","Runtimes":{"runc":{"path":"runc"},"runsc":{"path":"x"}}})";
    const auto key = agent.accept(assignment(2, 1));
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.completed(key));
    CHECK(Json::parse(created)["HostConfig"]["Runtime"] == "runsc");
}
