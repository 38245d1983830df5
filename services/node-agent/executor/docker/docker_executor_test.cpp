// Docker executor on a fake engine: what the runner's tests do not reach.
#include "services/node-agent/executor/docker/docker_executor.hpp"

#include <catch2/catch.hpp>

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
