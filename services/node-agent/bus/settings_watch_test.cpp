#include "services/node-agent/bus/settings_watch.hpp"

#include <catch2/catch.hpp>

#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

struct Watched {
    FakeClock clock{start_of_time()};
    telemetry::Health health;
    SettingsWatch watch{clock, telemetry::Log::none(), health};
    AttemptKey one{job_id(1), 1};
    AttemptKey other{job_id(2), 1};
};

}  // namespace

TEST_CASE("an assignment that contradicts the settings makes the agent not ready, with the reason") {
    Watched at;
    CHECK_FALSE(at.watch.contradicted());
    CHECK(at.health.ready());
    at.watch.contradicts(at.one, "set BSC_CHAIN_ID to 56");
    CHECK(at.watch.contradicted());
    CHECK_FALSE(at.health.ready());
    CHECK(at.health.checks().at("settings").detail == "set BSC_CHAIN_ID to 56");
}

TEST_CASE("the agent is ready again once no such assignment contradicts the settings") {
    Watched at;
    at.watch.contradicts(at.one, "another chain");
    at.watch.contradicts(at.other, "another chain");
    at.watch.settled(at.one);
    at.watch.settled({job_id(3), 1});  // never contradicted: no effect on the others
    CHECK(at.watch.contradicted());
    CHECK_FALSE(at.health.ready());
    at.watch.settled(at.other);
    CHECK_FALSE(at.watch.contradicted());
    CHECK(at.health.ready());
}

TEST_CASE("an assignment that is not redelivered is dropped after kSilence") {
    Watched at;
    at.watch.contradicts(at.one, "another chain");
    at.clock.advance(SettingsWatch::kSilence - Millis(1));
    CHECK(at.watch.contradicted());
    at.watch.contradicts(at.one, "another chain");
    at.clock.advance(SettingsWatch::kSilence - Millis(1));
    CHECK(at.watch.contradicted());
    at.clock.advance(Millis(1));
    CHECK_FALSE(at.watch.contradicted());
    CHECK(at.health.ready());
}
