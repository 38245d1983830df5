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
    bool observe(const std::string& message) { return watch.observe(message, kMarket); }
    /// Passes the next heartbeat of a running duplicate agent.
    bool observe_other() { return observe(heartbeat("other", ++seq)); }

    std::uint64_t seq = kStartedAt;
    FakeClock clock{start_of_time()};
    telemetry::Health health;
    DuplicateAgentDetector watch{key(1)->address(), "own", kStartedAt, clock, telemetry::Log::none(), health};
};

}  // namespace

TEST_CASE("own heartbeats, other providers', those without an instance and invalid ones are ignored") {
    Watched at;
    auto stranger = unsigned_heartbeat("other", 101);
    stranger.provider = key(2)->address();
    stranger = wire::sign_heartbeat(stranger, kMarket, *key(2));
    for (const auto& message : {heartbeat("own", 101), wire::to_json(stranger), heartbeat("", 101),
                                std::string("{}"), std::string("noise")}) {
        CHECK_FALSE(at.observe(message));
    }
    CHECK_FALSE(at.watch.present());
    CHECK(at.health.ready());
}

TEST_CASE("a duplicate agent is reported once, named in the health check, and dropped after kSilence") {
    Watched at;
    CHECK(at.observe_other());
    CHECK_FALSE(at.observe_other());
    CHECK(at.watch.present());
    CHECK(at.health.checks().at("alone").detail.find("instance other") != std::string::npos);
    CHECK_FALSE(at.health.ready());

    at.clock.advance(DuplicateAgentDetector::kSilence - Millis(1));
    CHECK(at.watch.present());
    CHECK_FALSE(at.observe_other());  // kSilence starts again
    at.clock.advance(DuplicateAgentDetector::kSilence - Millis(1));
    CHECK(at.watch.present());
    at.clock.advance(Millis(1));
    CHECK_FALSE(at.watch.present());
    CHECK(at.health.ready());
    CHECK(at.observe_other());  // reported again
}

TEST_CASE("forged and replayed heartbeats show no duplicate agent") {
    Watched at;
    CHECK_FALSE(at.observe(wire::to_json(unsigned_heartbeat("other", 101))));
    CHECK_FALSE(
        at.observe(wire::to_json(wire::sign_heartbeat(unsigned_heartbeat("other", 101), kMarket, *key(2)))));
    const auto another_market = wire::market_domain(ChainId{56}, address(9));
    CHECK_FALSE(at.observe(
        wire::to_json(wire::sign_heartbeat(unsigned_heartbeat("other", 101), another_market, *key(1)))));
    CHECK_FALSE(at.observe(heartbeat("of an earlier process", kStartedAt)));
    CHECK_FALSE(at.watch.present());

    const auto recorded = heartbeat("other", 102);
    CHECK(at.observe(recorded));
    at.clock.advance(DuplicateAgentDetector::kSilence);
    CHECK_FALSE(at.watch.present());
    CHECK_FALSE(at.observe(recorded));
    CHECK_FALSE(at.watch.present());
}
