#include "services/job-dispatcher/dispatch/reading_pace.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::dispatch;

TEST_CASE("a slow reading is followed by a longer pause, a very slow one by the longest") {
    const Steady start{std::chrono::hours(1)};
    const auto after = [&](Millis time) { return start + time; };
    ReadingPace pace;
    CHECK(pace.due(start));
    pace.read(start, start);  // no rows
    CHECK(pace.due(start));
    pace.read(start, after(Millis(200)));
    CHECK_FALSE(pace.due(after(Millis(1'999))));
    CHECK(pace.due(after(Millis(2'000))));
    pace.read(start, after(Millis(60'000)));
    CHECK_FALSE(pace.due(after(Millis(69'999))));
    CHECK(pace.due(after(Millis(70'000))));
}
