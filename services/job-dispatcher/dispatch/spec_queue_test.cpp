#include "services/job-dispatcher/dispatch/spec_queue.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::dispatch;
using namespace std::chrono_literals;

namespace {

JobId job(unsigned number) {
    JobId out;
    out.array()[30] = static_cast<std::uint8_t>(number >> 8);
    out.array()[31] = static_cast<std::uint8_t>(number);
    return out;
}
Address renter(std::uint8_t number) {
    Address out;
    out.array()[19] = number;
    return out;
}
AwaitedSpec awaited(unsigned id, std::uint8_t from, std::uint64_t payment = 1,
                    std::chrono::seconds since = 0s) {
    return {job(id), renter(from), U256(payment), Timestamp(since)};
}
Steady at(Millis time) {
    return Steady{} + 1h + time;
}

}  // namespace

TEST_CASE("The spec with the highest payment is fetched first, at equal payment the oldest") {
    SpecQueue queue;
    queue.await({awaited(1, 1, 5, 30s), awaited(2, 2, 9, 40s), awaited(3, 3, 5, 20s)});
    CHECK(queue.take(at(0s)) == job(2));
    CHECK(queue.take(at(0s)) == job(3));
    CHECK(queue.take(at(0s)) == job(1));
    CHECK(queue.take(at(0s)) == std::nullopt);
}

TEST_CASE("A renter with a thousand unknown specs does not block another renter") {
    SpecQueue queue;
    std::vector<AwaitedSpec> specs;
    for (unsigned i = 0; i < 1'000; ++i) {
        specs.push_back(awaited(i, 1, 100));
    }
    specs.push_back(awaited(2'000, 2, 1, 60s));
    queue.await(specs);
    for (int i = 0; i < SpecQueue::kMostOfRenter; ++i) {
        CHECK(queue.take(at(0s)) != job(2'000));
    }
    CHECK(queue.take(at(0s)) == job(2'000));
    CHECK(queue.take(at(0s)) == std::nullopt);
}

TEST_CASE("A spec that was not found is retried after a pause that doubles, after new ones") {
    SpecQueue queue;
    queue.await({awaited(1, 1, 5)});
    REQUIRE(queue.take(at(0s)) == job(1));
    CHECK(queue.take(at(0s)) == std::nullopt);  // in flight
    queue.give_back(job(1), at(0s));
    CHECK(queue.take(at(999ms)) == std::nullopt);
    REQUIRE(queue.take(at(1s)) == job(1));
    queue.give_back(job(1), at(1s));
    CHECK(queue.take(at(2'999ms)) == std::nullopt);
    SECTION("after new ones with a lower payment") {
        queue.await({awaited(1, 1, 5), awaited(2, 1, 1)});
        CHECK(queue.take(at(3s)) == job(2));
        CHECK(queue.take(at(3s)) == job(1));
    }
    SECTION("with a pause of at most ten minutes") {
        auto now = at(3s);
        for (int i = 0; i < 40; ++i) {
            REQUIRE(queue.take(now) == job(1));
            queue.give_back(job(1), now);
            now += 10min;
        }
    }
}

TEST_CASE("A spec that is no longer awaited is dropped, also while in flight") {
    SpecQueue queue;
    queue.await({awaited(1, 1), awaited(2, 1), awaited(3, 1)});
    REQUIRE(queue.take(at(0s)));
    REQUIRE(queue.take(at(0s)));
    queue.await({awaited(3, 1)});
    CHECK(queue.take(at(0s)) == std::nullopt);  // the renter still has two in flight
    queue.give_back(job(1), at(0s));
    CHECK(queue.take(at(0s)) == job(3));
}
