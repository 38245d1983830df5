#include "services/job-dispatcher/dispatch/presence_clock.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::dispatch;
using namespace std::chrono_literals;

namespace {

Address provider() {
    Address out;
    out.array()[19] = 7;
    return out;
}
JobId job() {
    JobId out;
    out.array()[31] = 1;
    return out;
}
Steady at(std::chrono::seconds s) {
    return Steady{} + s;
}

void beat(PresenceClock& clock, const Address& by, std::uint32_t capacity, std::uint32_t running, Steady at) {
    wire::Heartbeat heartbeat;
    heartbeat.provider = by;
    heartbeat.capacity = capacity;
    heartbeat.running = running;
    heartbeat.seq = clock.newest_seq(by).value_or(0) + 1;
    clock.heartbeat(heartbeat, at);
}

void watch(PresenceClock& clock, PresenceClock::Waiting waiting, std::uint32_t last_seq = 0) {
    clock.watch({{job(), 1, provider(), waiting, last_seq}});
}

PresenceClock::Waited only(const PresenceClock& clock) {
    const auto all = clock.waited();
    REQUIRE(all.size() == 1);
    return all.front();
}

}  // namespace

TEST_CASE("the accept clock adds time between heartbeats that came after the assignment") {
    PresenceClock clock;
    beat(clock, provider(), 1, 0, at(0s));
    watch(clock, PresenceClock::Waiting::kAcceptance);
    beat(clock, provider(), 1, 0, at(5s));
    CHECK(only(clock).idle == 0ms);  // the interval began before the assignment
    beat(clock, provider(), 1, 0, at(10s));
    beat(clock, provider(), 1, 0, at(15s));
    CHECK(only(clock).idle == 10s);
}

TEST_CASE("being offline uses up no attempt") {
    PresenceClock clock;
    watch(clock, PresenceClock::Waiting::kAcceptance);
    beat(clock, provider(), 1, 0, at(0s));
    beat(clock, provider(), 1, 0, at(3600s));
    CHECK(only(clock).idle == 0ms);
    CHECK(only(clock).present == 0ms);
    beat(clock, provider(), 1, 0, at(3615s));
    CHECK(only(clock).idle == 15s);
}

TEST_CASE("being busy at either end of an interval uses up no attempt, but counts as presence") {
    PresenceClock clock;
    watch(clock, PresenceClock::Waiting::kAcceptance);
    beat(clock, provider(), 2, 1, at(0s));
    beat(clock, provider(), 2, 2, at(5s));
    beat(clock, provider(), 2, 1, at(10s));
    CHECK(only(clock).idle == 0ms);
    CHECK(only(clock).present == 10s);
    beat(clock, provider(), 2, 0, at(15s));
    CHECK(only(clock).idle == 5s);
}

TEST_CASE("a status restarts the silence clock") {
    PresenceClock clock;
    watch(clock, PresenceClock::Waiting::kProgress);
    beat(clock, provider(), 1, 1, at(0s));
    beat(clock, provider(), 1, 1, at(10s));
    CHECK(only(clock).present == 10s);
    watch(clock, PresenceClock::Waiting::kProgress, 2);
    CHECK(only(clock).present == 0ms);
    beat(clock, provider(), 1, 1, at(15s));
    beat(clock, provider(), 1, 1, at(20s));
    CHECK(only(clock).present == 5s);
}

TEST_CASE("watching again keeps the time of attempts that wait for the same event, and drops the rest") {
    PresenceClock clock;
    watch(clock, PresenceClock::Waiting::kAcceptance);
    beat(clock, provider(), 1, 0, at(0s));
    beat(clock, provider(), 1, 0, at(5s));
    watch(clock, PresenceClock::Waiting::kAcceptance);
    CHECK(only(clock).idle == 5s);
    watch(clock, PresenceClock::Waiting::kProgress);
    CHECK(only(clock).idle == 0ms);
    clock.watch({});
    CHECK(clock.waited().empty());
}

TEST_CASE("a heartbeat counts for its own provider only") {
    PresenceClock clock;
    watch(clock, PresenceClock::Waiting::kAcceptance);
    beat(clock, Address{}, 1, 0, at(0s));
    beat(clock, Address{}, 1, 0, at(5s));
    CHECK(only(clock).idle == 0ms);
}

TEST_CASE("a provider's newest number starts with the registry's, and is known while its attempts wait") {
    PresenceClock clock;
    beat(clock, provider(), 1, 0, at(0s));
    CHECK_FALSE(clock.newest_seq(provider()));
    const auto watch_from = [&](std::uint64_t heartbeat_seq) {
        clock.watch({{job(), 1, provider(), PresenceClock::Waiting::kAcceptance, 0, heartbeat_seq}});
    };
    watch_from(7);
    CHECK(clock.newest_seq(provider()) == 7);
    beat(clock, provider(), 1, 0, at(5s));
    watch_from(9);  // the registry has accepted heartbeats that are in flight to the dispatcher
    CHECK(clock.newest_seq(provider()) == 8);
    clock.watch({});
    CHECK_FALSE(clock.newest_seq(provider()));
    watch_from(9);
    CHECK(clock.newest_seq(provider()) == 9);
}
