// Runner on an executor that is no container engine: it knows the interface only.
#include <catch2/catch.hpp>

#include "services/node-agent/executor/janitor.hpp"
#include "services/node-agent/testing/fake_executor.hpp"
#include "services/node-agent/testing/runner_world.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

constexpr auto kSecond = std::chrono::seconds(1);

struct Scene {
    Scene() {
        agent.other = &executor;
        agent.restart();
    }
    FakeExecutor executor;
    Agent agent;
};

}  // namespace

TEST_CASE(
    "an attempt completes on an executor without containers, with the executor's digest in the receipt") {
    Scene scene;
    const auto key = scene.agent.accept(assignment(1, 1));
    scene.agent.pass(kSecond);
    REQUIRE(scene.agent.completed(key));
    CHECK(scene.agent.last(key)->receipt->image_digest == "sha256:model");
    CHECK(scene.executor.starts == 1);
    CHECK(scene.agent.world.engine_calls == 0);
}

TEST_CASE("work that runs when the agent stops is resumed by the next process, not started again") {
    Scene scene;
    const auto key = scene.agent.accept(assignment(1, 1));
    std::stop_source process;
    auto ends = std::exchange(scene.executor.on_wait, [&](WorkEnd&, bool&) { process.request_stop(); });
    REQUIRE(scene.agent.runner->serve_one(process.get_token()));
    REQUIRE(scene.agent.journal->active(key));
    scene.agent.restart();
    scene.executor.on_wait = ends;
    scene.agent.pass(kSecond);
    CHECK(scene.agent.completed(key));
    CHECK(scene.executor.starts == 1);
}

TEST_CASE("the time limit counts while no agent runs: the next process ends the work at once") {
    Scene scene;
    auto job = assignment(1, 1);
    job.requirements.time_limit_seconds = 60;
    const auto key = scene.agent.accept(job);
    std::stop_source process;
    scene.executor.on_wait = [&](WorkEnd&, bool&) { process.request_stop(); };
    REQUIRE(scene.agent.runner->serve_one(process.get_token()));
    scene.agent.clock.advance(std::chrono::minutes(1));
    scene.agent.restart();
    int waits = 0;
    scene.executor.on_wait = [&](WorkEnd& end, bool& ended) {
        end.exit_code = ended ? 137 : 0;
        ended = ended || ++waits > 1;  // succeeds if it is not killed before the second wait
    };
    scene.agent.pass(kSecond);
    CHECK(scene.agent.failure(key) == "timeout: stopped after its time limit of 60 s");
}

TEST_CASE("a work that is gone after its start fails the attempt, in the executor's words") {
    Scene scene;
    const auto key = scene.agent.accept(assignment(1, 1));
    std::stop_source process;
    scene.executor.on_wait = [&](WorkEnd&, bool&) { process.request_stop(); };
    REQUIRE(scene.agent.runner->serve_one(process.get_token()));
    scene.agent.restart();
    scene.executor.works.clear();
    scene.agent.pass(kSecond);
    CHECK(scene.agent.failure(key) == "internal: the inference is gone");
}

TEST_CASE("the executor decides which failures end an attempt") {
    Scene scene;
    scene.executor.refuse = StepFailure{StepFailure::Kind::kPermanent,
                                        {ErrorCode::kRefused, "this provider has no such model", "secret"}};
    const auto key = scene.agent.accept(assignment(1, 1));
    SECTION("permanent") {
        scene.agent.pass(kSecond);
        CHECK(scene.agent.failure(key) == "refused: this provider has no such model");
    }
    SECTION("transient") {
        scene.executor.refuse->kind = StepFailure::Kind::kTransient;
        scene.agent.pass(std::chrono::seconds(30));
        CHECK(scene.agent.journal->active(key));
        scene.executor.refuse.reset();
        scene.agent.pass(std::chrono::seconds(60));
        CHECK(scene.agent.completed(key));
    }
}

TEST_CASE("while the executor does not answer, attempts are retried without end") {
    Scene scene;
    scene.executor.away = true;
    const auto key = scene.agent.accept(assignment(1, 1));
    scene.agent.pass(std::chrono::hours(1));
    CHECK(scene.agent.journal->active(key));
    scene.executor.away = false;
    scene.agent.pass(std::chrono::minutes(2));
    CHECK(scene.agent.completed(key));
}

TEST_CASE("work that an executor's shutdown ends is not the job's fault") {
    Scene scene;
    scene.executor.on_wait = [&](WorkEnd& end, bool& ended) {
        end.exit_code = 143;
        ended = true;
        scene.executor.shuts_down = true;
    };
    const auto key = scene.agent.accept(assignment(1, 1));
    scene.agent.pass(kSecond);
    CHECK(scene.agent.failure(key).starts_with("internal: exit code 143"));
}

TEST_CASE("the janitor removes work of ended and of unknown attempts, and keeps what runs") {
    Scene scene;
    Janitor janitor(*scene.agent.journal, scene.executor, scene.agent.secrets,
                    scene.agent.dir.path() + "/jobs", scene.agent.clock);
    const auto ended = scene.agent.accept(assignment(1, 1));
    scene.agent.pass(kSecond);
    REQUIRE(scene.agent.completed(ended));
    const auto active = scene.agent.accept(assignment(2, 1));
    scene.executor.works[active];
    scene.executor.works[{job_id(9), 1}];
    janitor.clean_strays();
    janitor.clean_ended();
    CHECK(scene.executor.works.contains(ended));  // its final status is not sent yet
    CHECK(scene.executor.works.contains(active));
    CHECK(scene.executor.works.size() == 2);
    scene.agent.journal->update(ended, [](Attempt& attempt) { attempt.outbox.clear(); });
    janitor.clean_ended();
    CHECK_FALSE(scene.executor.works.contains(ended));
}

TEST_CASE("an attempt that cannot be removed delays the removal of no other, and its failure is reported") {
    Scene scene;
    Janitor janitor(*scene.agent.journal, scene.executor, scene.agent.secrets,
                    scene.agent.dir.path() + "/jobs", scene.agent.clock);
    std::vector<AttemptKey> keys;
    for (std::uint8_t number = 1; number <= 3; ++number) {
        keys.push_back(scene.agent.accept(assignment(number, 1)));
        scene.agent.pass(kSecond);
        scene.agent.journal->update(keys.back(), [](Attempt& attempt) { attempt.outbox.clear(); });
    }
    scene.executor.irremovable = keys[0];
    janitor.clean_ended();
    CHECK(scene.executor.works.size() == 1);
    CHECK_FALSE(scene.agent.journal->find(keys[0])->cleaned);
    CHECK(scene.agent.journal->find(keys[2])->cleaned);
    CHECK_THROWS_AS(janitor.throw_failure(), ExecutorError);
    CHECK_NOTHROW(janitor.throw_failure());

    scene.executor.irremovable.reset();
    janitor.clean_ended();
    CHECK(scene.executor.works.empty());
    CHECK_NOTHROW(janitor.throw_failure());
}
