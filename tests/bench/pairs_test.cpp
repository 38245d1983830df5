#include "pairs.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace lamda::bench;

namespace {

Pairs of(std::initializer_list<double> ratios) {
    Pairs out;
    for (const double ratio : ratios) {
        out.add(ratio * 2, 2);
    }
    return out;
}

}  // namespace

TEST_CASE("a target holds in the worst pair, in the median, or not at all") {
    const Target most{Target::Bound::kAtMost, 1.5};
    CHECK(verdict(of({1.0, 1.5, 1.2}), most) == "holds in the worst pair");
    CHECK(verdict(of({1.0, 1.6, 1.2}), most) == "holds in the median, not in the worst pair");
    CHECK(verdict(of({1.6, 1.7, 1.2}), most) == "does not hold");
    const Target least{Target::Bound::kAtLeast, 25};
    CHECK(verdict(of({25, 30, 28}), least) == "holds in the worst pair");
    CHECK(verdict(of({24, 30, 28}), least) == "holds in the median, not in the worst pair");
    CHECK(verdict(of({24, 23, 28}), least) == "does not hold");
}

TEST_CASE("pairs have a median and a spread, and need a reference above 0") {
    const auto pairs = of({3, 1, 2});
    CHECK(pairs.median() == 2);
    CHECK(pairs.least() == 1);
    CHECK(pairs.most() == 3);
    CHECK_THROWS_AS(Pairs().median(), std::logic_error);
    CHECK_THROWS_AS(Pairs().add(1, 0), std::logic_error);
}
