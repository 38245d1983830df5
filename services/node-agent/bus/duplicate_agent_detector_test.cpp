#include "services/node-agent/bus/duplicate_agent_detector.hpp"

#include <catch2/catch.hpp>

#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

const auto kMarket = wire::market_domain(ChainId{97}, address(9));
constexpr std::uint64_t kStartedAt = 100;

std::unique_ptr<crypto::LocalSigner> key(std::uint8_t number) {
    return crypto::LocalSigner::from_hex(std::string(63, '0') + std::to_string(number)).value();
}

wire::Heartbeat unsigned_heartbeat(const std::string& instance, std::uint64_t seq) {
    wire::Heartbeat out;
    out.provider = key(1)->address();
    out.seq = seq;
    out.at = start_of_time();
    out.agent_version = "0.1.0";
    out.instance = instance;
    return out;
}

std::string heartbeat(const std::string& instance, std::uint64_t seq) {
    return wire::to_json(wire::sign_heartbeat(unsigned_heartbeat(instance, seq), kMarket, *key(1)));
}

struct Watched {
    bool hear(const std::string& message) { return watch.hear(message, kMarket); }
    /// The next one of a twin that lives.
    bool hear_other() { return hear(heartbeat("other", ++seq)); }

    std::uint64_t seq = kStartedAt;
    FakeClock clock{start_of_time()};
    telemetry::Health health;
    DuplicateAgentDetector watch{key(1)->address(), "own", kStartedAt, clock, telemetry::Log::none(), health};
};

}  // namespace

TEST_CASE("who hears only itself, other providers, agents that tell no instance, and noise is alone") {
    Watched at;
    auto stranger = unsigned_heartbeat("other", 101);
    stranger.provider = key(2)->address();
    stranger = wire::sign_heartbeat(stranger, kMarket, *key(2));
    for (const auto& message : {heartbeat("own", 101), wire::to_json(stranger), heartbeat("", 101),
                                std::string("{}"), std::string("noise")}) {
        CHECK_FALSE(at.hear(message));
    }
    CHECK_FALSE(at.watch.present());
    CHECK(at.health.ready());
}

TEST_CASE("a twin is news once, is told in the health check, and forgotten after its silence") {
    Watched at;
    CHECK(at.hear_other());
    CHECK_FALSE(at.hear_other());
    CHECK(at.watch.present());
    CHECK(at.health.checks().at("alone").detail.find("instance other") != std::string::npos);
    CHECK_FALSE(at.health.ready());

    at.clock.advance(DuplicateAgentDetector::kSilence - Millis(1));
    CHECK(at.watch.present());
    CHECK_FALSE(at.hear_other());  // its silence begins anew
    at.clock.advance(DuplicateAgentDetector::kSilence - Millis(1));
    CHECK(at.watch.present());
    at.clock.advance(Millis(1));
    CHECK_FALSE(at.watch.present());
    CHECK(at.health.ready());
    CHECK(at.hear_other());  // news again
}

TEST_CASE("nobody without the key makes a twin: neither forged heartbeats nor recorded ones do") {
    Watched at;
    CHECK_FALSE(at.hear(wire::to_json(unsigned_heartbeat("other", 101))));
    CHECK_FALSE(
        at.hear(wire::to_json(wire::sign_heartbeat(unsigned_heartbeat("other", 101), kMarket, *key(2)))));
    const auto another_market = wire::market_domain(ChainId{56}, address(9));
    CHECK_FALSE(at.hear(
        wire::to_json(wire::sign_heartbeat(unsigned_heartbeat("other", 101), another_market, *key(1)))));
    CHECK_FALSE(at.hear(heartbeat("of an earlier process", kStartedAt)));
    CHECK_FALSE(at.watch.present());

    const auto recorded = heartbeat("other", 102);
    CHECK(at.hear(recorded));
    at.clock.advance(DuplicateAgentDetector::kSilence);
    CHECK_FALSE(at.watch.present());
    CHECK_FALSE(at.hear(recorded));
    CHECK_FALSE(at.watch.present());
}
