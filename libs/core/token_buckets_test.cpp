#include "core/token_buckets.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace lamda;

namespace {
const Steady kStart{std::chrono::hours(1)};
}

TEST_CASE("each key has a burst of its own, which comes back at the rate") {
    TokenBuckets<std::string> buckets(3, 2);
    for (int i = 0; i < 3; ++i) {
        CHECK(buckets.take("a", kStart));
    }
    CHECK_FALSE(buckets.take("a", kStart));
    CHECK(buckets.take("b", kStart));
    CHECK_FALSE(buckets.take("a", kStart + Millis(499)));
    CHECK(buckets.take("a", kStart + Millis(500)));
    CHECK_FALSE(buckets.take("a", kStart + Millis(500)));
    CHECK(buckets.take("a", kStart + std::chrono::hours(1), 3));
    CHECK_FALSE(buckets.has("a", kStart + std::chrono::hours(1)));
}

TEST_CASE("an amount that is not there is not taken in part") {
    TokenBuckets<int> buckets(10, 1);
    CHECK_FALSE(buckets.take(1, kStart, 11));
    CHECK(buckets.take(1, kStart, 6));
    CHECK_FALSE(buckets.take(1, kStart, 6));
    CHECK(buckets.left(1, kStart) == 4);
    CHECK(buckets.left(1, kStart + Millis(1'500)) == 5.5);
    CHECK(buckets.left(1, kStart + std::chrono::hours(1)) == 10);
    CHECK(buckets.left(2, kStart) == 10);
    CHECK(buckets.take(1, kStart, 4));
}

TEST_CASE("full buckets are forgotten, and any number of keys costs bounded memory") {
    TokenBuckets<int> buckets(2, 1);
    for (int key = 0; key < 1'000; ++key) {
        CHECK(buckets.take(key, kStart));
    }
    CHECK(buckets.take(0, kStart + std::chrono::minutes(1)));
    CHECK(buckets.size() == 1);
    for (std::size_t key = 0; key < 2 * TokenBuckets<int>::kMostKeys; ++key) {
        buckets.take(static_cast<int>(key), kStart + std::chrono::minutes(1));
    }
    CHECK(buckets.size() <= TokenBuckets<int>::kMostKeys);
}
