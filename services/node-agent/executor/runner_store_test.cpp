// Storing outputs: uploads are retried, runs are not repeated.
#include <catch2/catch.hpp>
#include <filesystem>

#include "services/node-agent/executor/janitor.hpp"
#include "services/node-agent/testing/runner_world.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

TEST_CASE("after a store outage of 50 s the output of the only run is stored") {
    Agent agent;
    const auto put =
        std::exchange(agent.world.on_put, [](const auto&) { return net::HttpResponse{503, {}, "away"}; });
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(50));
    CHECK_FALSE(agent.last(key));
    CHECK(agent.world.puts > 1);

    SECTION("by the process that ran the job") {}
    SECTION("by another process, without an engine") {
        agent.restart();
        agent.world.engine_away = true;
    }
    SECTION("even if the container is gone") {
        agent.restart();
        agent.world.containers.clear();
    }
    agent.world.on_put = put;
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.completed(key));
    CHECK(agent.world.starts == 1);
}

TEST_CASE("if a store is unavailable for longer than the retry time, the next attempt only stores") {
    Agent agent;
    Janitor janitor(*agent.journal, *agent.executor, agent.secrets, agent.dir.path() + "/jobs", agent.clock);
    const auto put =
        std::exchange(agent.world.on_put, [](const auto&) { return net::HttpResponse{503, {}, "away"}; });
    const auto first = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::minutes(20));
    REQUIRE(agent.failure(first).starts_with("store_failed: "));
    agent.journal->update(first, [](Attempt& attempt) { attempt.outbox.clear(); });  // the bus has it
    janitor.clean_ended();
    janitor.clean_strays();
    auto runs = 1;
    auto next = assignment(1, 2);
    SECTION("within the same process") {}
    SECTION("after a restart") {
        agent.restart();
    }
    SECTION("unless the output is gone") {
        std::filesystem::remove_all(agent.dir.path() + "/jobs/" + first.name());
        runs = 2;
    }
    SECTION("unless the work differs") {
        next.command = {"true"};
        runs = 2;
    }
    SECTION("unless the attempt was retracted") {
        agent.journal->update(first.job, [&](JobRecord& record) {
            enter(record, wire::Retraction{first.job, 1, wire::RetractReason::kOrphaned});
        });
        runs = 2;
    }
    const auto second = agent.accept(next);
    agent.pass(std::chrono::minutes(20));
    CHECK(agent.failure(second).starts_with("store_failed: "));
    CHECK(agent.world.starts == runs);
    agent.world.on_put = put;
    next.attempt = 3;
    const auto third = agent.accept(next);
    agent.pass(std::chrono::minutes(1));
    REQUIRE(agent.completed(third));
    CHECK(agent.world.starts == runs);
    CHECK(agent.last(third)->receipt->attempt == 3);
}

TEST_CASE("a pin that fails for longer than the retry time repeats the upload, not the run") {
    Agent agent(RetryPolicy{}, "jwt");
    bool refused = true;
    agent.world.on_pin = [&](const auto&) { return net::HttpResponse{refused ? 401 : 200, {}, "{}"}; };
    const auto first = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::minutes(20));
    REQUIRE(agent.failure(first).starts_with("store_failed: "));
    refused = false;
    const auto second = agent.accept(assignment(1, 2));
    agent.pass(std::chrono::minutes(1));
    CHECK(agent.completed(second));
    CHECK(agent.world.starts == 1);
}

TEST_CASE("a kept output is removed after an hour without a next attempt") {
    Agent agent;
    Janitor janitor(*agent.journal, *agent.executor, agent.secrets, agent.dir.path() + "/jobs", agent.clock);
    agent.world.on_put = [](const auto&) { return net::HttpResponse{503, {}, "away"}; };
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::minutes(20));
    agent.journal->update(key, [](Attempt& attempt) { attempt.outbox.clear(); });
    const auto folder = agent.dir.path() + "/jobs/" + key.name();
    janitor.clean_ended();
    CHECK(std::filesystem::exists(folder));
    agent.clock.advance(kKeepOutput);
    janitor.clean_ended();
    CHECK_FALSE(std::filesystem::exists(folder));
    CHECK(agent.journal->find(key)->cleaned);
}

TEST_CASE("a store that returns wrong CIDs for a while causes no second run") {
    Agent agent;
    const auto put = std::exchange(agent.world.on_put, [](const auto&) {
        return net::HttpResponse{200, {}, "{\"Key\":\"" + Cid(CidCodec::kRaw, {}).to_string() + "\"}\n"};
    });
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(50));
    agent.world.on_put = put;
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.completed(key));
    CHECK(agent.world.starts == 1);
}

TEST_CASE("without an engine outputs are stored, and other steps are retried without end") {
    Agent agent;
    agent.world.on_put = [](const auto&) { return net::HttpResponse{503, {}, ""}; };
    const auto stored_later = agent.accept(assignment(2, 1));
    agent.pass(std::chrono::seconds(1));
    agent.world.engine_away = true;
    const auto needs_engine = agent.accept(assignment(1, 1));
    agent.world.on_put = FakeWorld().on_put;
    agent.pass(std::chrono::minutes(60));
    CHECK(agent.completed(stored_later));
    CHECK(agent.journal->active(needs_engine));
    agent.world.engine_away = false;
    agent.pass(std::chrono::minutes(2));
    CHECK(agent.completed(needs_engine));
}
