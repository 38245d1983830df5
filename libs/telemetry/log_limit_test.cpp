#include "telemetry/log_limit.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::telemetry;

TEST_CASE("a line is logged immediately, then once in the interval, with the number suppressed") {
    LogLimit limit(Millis(60'000));
    const Steady start{};
    CHECK(limit.admit(start) == 0);
    CHECK_FALSE(limit.admit(start));
    CHECK_FALSE(limit.admit(start + Millis(59'999)));
    CHECK(limit.admit(start + Millis(60'000)) == 2);
    CHECK_FALSE(limit.admit(start + Millis(60'001)));
    CHECK(limit.admit(start + Millis(200'000)) == 1);
    CHECK(limit.admit(start + Millis(300'000)) == 0);
}
