#include "twin_watch.hpp"

#include <catch2/catch.hpp>

#include "test_support.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

std::string heartbeat(const Address& provider, const std::string& instance) {
    wire::Heartbeat out;
    out.provider = provider;
    out.at = start_of_time();
    out.agent_version = "0.1.0";
    out.instance = instance;
    return wire::to_json(out);
}

struct Watched {
    FakeClock clock{start_of_time()};
    telemetry::Health health;
    TwinWatch watch{address(1), "own", clock, telemetry::Log::none(), health};
};

}  // namespace

TEST_CASE("who hears only itself, other providers, agents that tell no instance, and noise is alone") {
    Watched at;
    for (const auto& message : {heartbeat(address(1), "own"), heartbeat(address(2), "other"),
                                heartbeat(address(1), ""), std::string("{}"), std::string("noise")}) {
        CHECK_FALSE(at.watch.hear(message));
    }
    CHECK_FALSE(at.watch.present());
    CHECK(at.health.ready());
}

TEST_CASE("a twin is news once, is told in the health check, and forgotten after its silence") {
    Watched at;
    CHECK(at.watch.hear(heartbeat(address(1), "other")));
    CHECK_FALSE(at.watch.hear(heartbeat(address(1), "other")));
    CHECK(at.watch.present());
    CHECK(at.health.checks().at("alone").detail.find("instance other") != std::string::npos);
    CHECK_FALSE(at.health.ready());

    at.clock.advance(TwinWatch::kSilence - Millis(1));
    CHECK(at.watch.present());
    CHECK_FALSE(at.watch.hear(heartbeat(address(1), "other")));  // its silence begins anew
    at.clock.advance(TwinWatch::kSilence - Millis(1));
    CHECK(at.watch.present());
    at.clock.advance(Millis(1));
    CHECK_FALSE(at.watch.present());
    CHECK(at.health.ready());
    CHECK(at.watch.hear(heartbeat(address(1), "other")));  // news again
}
