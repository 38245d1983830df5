#include "runtime/detail/loop_watch.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::runtime;

namespace {

Steady at(int milliseconds) {
    return Steady{} + Millis(milliseconds);
}

}  // namespace

TEST_CASE("loops that fail three times in a row are named, until they have run for a while") {
    LoopWatch watch;
    watch.started("judge", at(0));
    watch.started("relay", at(0));
    CHECK(watch.stall(at(60'000)).empty());
    watch.failed("judge", "refused", at(10));
    watch.started("judge", at(210));
    watch.failed("judge", "refused", at(220));
    watch.started("judge", at(620));
    CHECK(watch.stall(at(625)).empty());
    watch.failed("judge", "refused again", at(630));
    CHECK(watch.stall(at(631)) == "judge: refused again");
    watch.started("judge", at(1'430));
    CHECK(watch.stall(at(1'440)) == "judge: refused again");
    CHECK(watch.stall(at(2'449)) == "judge: refused again");
    CHECK(watch.stall(at(2'450)).empty());

    // The loop has recovered: the next failure is a new one.
    watch.failed("judge", "cut", at(9'000));
    CHECK(watch.stall(at(9'001)).empty());
}

TEST_CASE("a loop that takes long to fail has not recovered before it has run longer than that") {
    LoopWatch watch;
    for (int i = 0; i < 3; ++i) {
        watch.started("statuses", at(i * 15'000));
        watch.failed("statuses", "no answer", at(i * 15'000 + 10'000));
    }
    watch.started("statuses", at(45'000));
    CHECK(watch.stall(at(65'900)) == "statuses: no answer");
    CHECK(watch.stall(at(66'000)).empty());
}
