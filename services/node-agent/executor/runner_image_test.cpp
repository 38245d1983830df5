// Image policy of the runner: images on the engine run only if pulled by the agent or listed.
#include <catch2/catch.hpp>

#include "services/node-agent/testing/runner_world.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

constexpr auto kSecond = std::chrono::seconds(1);

wire::Assignment with_image(const std::string& name, std::uint8_t number = 1) {
    auto job = assignment(number, 1);
    job.docker_image = name;
    return job;
}

FakeWorld::Answer denied() {
    return [](const net::HttpRequest& request) {
        return FakeWorld::streamed(request, Json{{"error", "pull access denied"}}.dump());
    };
}

}  // namespace

TEST_CASE("an image on the engine that the agent did not pull is pulled first") {
    Agent agent;
    agent.world.image_there = true;
    agent.world.on_pull = denied();
    const auto key = agent.accept(with_image("operator/secrets:1"));
    agent.pass(kSecond);
    CHECK(agent.world.pulls == 1);
    CHECK(agent.world.starts == 0);
    CHECK(agent.failure(key).starts_with("image_unavailable: the registry has no such image"));
}

TEST_CASE("an image is pulled once, even across restarts; another image with its name is pulled again") {
    Agent agent;
    const auto first = agent.accept(with_image("a/b:1"));
    agent.pass(kSecond);
    CHECK(agent.completed(first));
    REQUIRE(agent.world.pulls == 1);
    agent.restart();
    const auto second = agent.accept(with_image("a/b:1", 2));
    agent.pass(kSecond);
    CHECK(agent.completed(second));
    CHECK(agent.world.pulls == 1);
    agent.world.image_id = "sha256:bb";  // built on this machine under the same name
    agent.world.on_pull = denied();
    const auto third = agent.accept(with_image("a/b:1", 3));
    agent.pass(kSecond);
    CHECK(agent.world.pulls == 2);
    CHECK(agent.failure(third).starts_with("image_unavailable: "));
}

TEST_CASE("a listed local image runs as stored on the engine, and is never pulled") {
    Agent agent;
    agent.images.local_images = {"operator/tool:1"};
    agent.restart();
    const auto key = agent.accept(with_image("docker.io/operator/tool:1"));
    SECTION("present") {
        agent.pass(kSecond);
        CHECK(agent.completed(key));
    }
    SECTION("missing for a while") {
        agent.world.image_there = false;
        agent.pass(kSecond);
        CHECK(agent.journal->active(key));
        agent.world.image_there = true;
        agent.pass(std::chrono::seconds(60));
        CHECK(agent.completed(key));
    }
    CHECK(agent.world.pulls == 0);
    CHECK(agent.looked_up.empty());
}

TEST_CASE("a registry that is not listed gets no request") {
    Agent agent;
    const auto key = agent.accept(with_image("127.0.0.1:6379/x"));
    agent.pass(kSecond);
    CHECK(agent.failure(key) ==
          "refused: this provider pulls no images from 127.0.0.1:6379; use one of docker.io");
    CHECK(agent.looked_up.empty());
    CHECK(agent.world.pulls == 0);
}

TEST_CASE("no image is pulled from a listed registry while one of its addresses is not public") {
    Agent agent;
    agent.images.registries = {"registry.example:5000"};
    agent.addresses = {"1.1.1.1", "192.168.1.7"};
    SECTION("by default") {
        agent.restart();
        const auto key = agent.accept(with_image("registry.example:5000/x"));
        agent.pass(kSecond);
        CHECK(agent.failure(key) ==
              "refused: the registry registry.example:5000 has an address that is not public");
        CHECK(agent.looked_up == "registry.example");
        CHECK(agent.world.pulls == 0);
    }
    SECTION("unless the provider allows that registry to be private") {
        agent.images.private_registries = {"registry.example:5000"};
        agent.restart();
        const auto key = agent.accept(with_image("registry.example:5000/x"));
        agent.pass(kSecond);
        CHECK(agent.completed(key));
        CHECK(agent.looked_up.empty());
    }
}

TEST_CASE("a registry that cannot be resolved is looked up again later") {
    Agent agent;
    agent.addresses.clear();
    const auto key = agent.accept(with_image("a/b:1"));
    agent.pass(kSecond);
    CHECK(agent.journal->active(key));
    CHECK(agent.world.pulls == 0);
    agent.addresses = {"1.1.1.1"};
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.completed(key));
}

TEST_CASE("an image with a pinned digest must have that digest") {
    Agent agent;
    const auto digest = "sha256:" + std::string(64, 'd');
    const auto key = agent.accept(with_image("a/b:1@" + digest));
    SECTION("it has the digest") {
        agent.world.repo_digests = {"a/b@" + digest};
        agent.pass(kSecond);
        REQUIRE(agent.completed(key));
        CHECK(agent.last(key)->receipt->image_digest == digest);
    }
    SECTION("it has another") {
        agent.world.repo_digests = {"a/b@sha256:" + std::string(64, 'e')};
        agent.pass(kSecond);
        CHECK(agent.failure(key) == "refused: the image does not have the digest " + digest);
        CHECK(agent.world.starts == 0);
    }
    CHECK(agent.world.pulls == 1);
}
