#include "services/node-agent/credentials/renewal.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using lamda::agent::RenewalSchedule;

namespace {
const Steady kStart{std::chrono::hours(1'000)};
constexpr Millis kSecond{1'000};
}  // namespace

TEST_CASE("credentials are requested at the start, and after two thirds of their lifetime") {
    RenewalSchedule schedule(kStart);
    CHECK(schedule.due(kStart));
    schedule.received(kStart, 90 * kSecond);
    CHECK_FALSE(schedule.due(kStart + 59 * kSecond));
    CHECK(schedule.due(kStart + 60 * kSecond));
}

TEST_CASE(
    "failed requests are repeated after growing pauses, a minute at most, and begin again when connected") {
    RenewalSchedule schedule(kStart);
    auto now = kStart;
    for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
        schedule.failed(now);
        CHECK_FALSE(schedule.due(now + pause * kSecond - Millis(1)));
        now += pause * kSecond;
        CHECK(schedule.due(now));
    }
    schedule.connected(now);
    schedule.failed(now);
    CHECK(schedule.due(now + kSecond));
}

TEST_CASE("a login that the bus refuses is renewed at once, and not faster and faster") {
    RenewalSchedule schedule(kStart);
    schedule.received(kStart, std::chrono::hours(24));
    auto now = kStart + std::chrono::hours(1);
    schedule.refused_by_bus(now);
    CHECK(schedule.due(now));
    // The bus refuses the new ones, too.
    for (const int pause : {2, 4, 8, 16, 32, 60, 60}) {
        schedule.received(now, std::chrono::hours(24));
        now += pause * kSecond - Millis(1);
        schedule.refused_by_bus(now);
        CHECK_FALSE(schedule.due(now));
        now += Millis(1);
        schedule.refused_by_bus(now);
        CHECK(schedule.due(now));
    }
    // A request that has failed is not repeated before its pause.
    schedule.failed(now);
    schedule.refused_by_bus(now + kSecond);
    CHECK_FALSE(schedule.due(now + kSecond));
}

TEST_CASE("a bus that does not answer for a minute: new credentials name its servers") {
    RenewalSchedule schedule(kStart);
    schedule.received(kStart, std::chrono::hours(24));
    auto now = kStart + std::chrono::hours(1);
    schedule.connected(now);
    schedule.unconnected(now + RenewalSchedule::kUnconnected - Millis(1));
    CHECK_FALSE(schedule.due(now + RenewalSchedule::kUnconnected));
    now += RenewalSchedule::kUnconnected;
    schedule.unconnected(now);
    CHECK(schedule.due(now));
    schedule.received(now, std::chrono::hours(24));
    schedule.unconnected(now + kSecond);
    CHECK_FALSE(schedule.due(now + kSecond));
    schedule.unconnected(now + 2 * kSecond);
    CHECK(schedule.due(now + 2 * kSecond));
}
