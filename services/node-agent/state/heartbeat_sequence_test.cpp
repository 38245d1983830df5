#include "services/node-agent/state/heartbeat_sequence.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include "services/node-agent/testing/agent_scene.hpp"
#include "testkit/servers.hpp"
#include "wire/heartbeat_check.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

struct Numbered {
    std::uint64_t now() const { return static_cast<std::uint64_t>(clock.now().time_since_epoch().count()); }
    void restart() { sequence.emplace(path, clock); }

    testkit::TempDir dir{"heartbeat-sequence"};
    std::string path = dir.path() + "/heartbeat";
    FakeClock clock{start_of_time()};
    std::optional<HeartbeatSequence> sequence{std::in_place, path, clock};
};

}  // namespace

TEST_CASE("numbers follow the clock, and rise while it does not move") {
    Numbered at;
    CHECK(at.sequence->started_at() == at.now());
    CHECK(at.sequence->next() == at.now());
    CHECK(at.sequence->next() == at.now() + 1);
    at.clock.advance(Millis(5'000));
    CHECK(at.sequence->next() == at.now());
}

TEST_CASE("numbers rise across restarts while the clock jumps forward and back by a day") {
    Numbered at;
    std::uint64_t newest = 0;
    for (int round = 0; round < 60; ++round) {
        constexpr Millis kDay(std::chrono::days(1));
        at.clock.advance(round % 3 == 0 ? kDay : round % 3 == 1 ? -kDay : Millis(5'000));
        if (round % 4 == 0) {
            at.restart();
            CHECK(at.sequence->started_at() > newest);
        }
        const auto number = at.sequence->next();
        CHECK(number > newest);
        CHECK(number <= at.now() + static_cast<std::uint64_t>(wire::kMostHeartbeatLead.count()));
        newest = number;
    }
}

TEST_CASE("an agent that lost its folder continues above its earlier numbers") {
    Numbered at;
    const auto before = at.sequence->next();
    at.clock.advance(Millis(5'000));
    at.path += "-new";
    at.restart();
    CHECK(at.sequence->next() > before);
    std::ofstream(at.path) << "damaged";
    at.clock.advance(Millis(5'000));
    at.restart();
    CHECK(at.sequence->next() == at.now());
}

TEST_CASE("numbers of a clock that was years ahead are dropped once the clock is corrected") {
    Numbered at;
    const auto before = at.sequence->next();
    constexpr Millis kYears(std::chrono::days(4'000));
    at.clock.advance(kYears);
    CHECK(at.sequence->next() == at.now());
    at.clock.advance(-kYears + Millis(5'000));
    SECTION("in the same process") {}
    SECTION("after a restart") {
        at.restart();
    }
    CHECK(at.sequence->next() == at.now());
    CHECK(at.now() > before);
    at.restart();
    CHECK(at.sequence->next() > at.now());
}
