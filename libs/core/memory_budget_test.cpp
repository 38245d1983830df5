#include "core/memory_budget.hpp"

#include <catch2/catch.hpp>

using namespace lamda;

TEST_CASE("a budget gives no more than it has, and takes back released bytes") {
    MemoryBudget budget(100);
    {
        auto first = budget.take(60);
        REQUIRE(first);
        CHECK_FALSE(budget.take(41));
        first->shrink_to(10);
        auto second = budget.take(90);
        REQUIRE(second);
        CHECK(budget.used() == 100);
        CHECK_FALSE(budget.take(1));
        const auto moved = std::move(*second);
        CHECK(moved.bytes() == 90);
        CHECK(budget.used() == 100);
    }
    CHECK(budget.used() == 0);
    CHECK(budget.peak() == 100);
}

TEST_CASE("existing bytes are counted even above the limit, and take() is refused meanwhile") {
    MemoryBudget budget(100);
    {
        const auto there = budget.charge(150);
        CHECK(budget.used() == 150);
        CHECK_FALSE(budget.take(0));
    }
    CHECK(budget.take(100));
}
