#include "services/node-agent/state/retry_schedule.hpp"

#include <catch2/catch.hpp>

#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;
using wire::ErrorCode;

namespace {

const AttemptKey kOne{job_id(1), 1};
const AttemptKey kTwo{job_id(2), 1};
const RetryPolicy kPolicy{Millis(1'000), Millis(8'000), Millis(20'000)};

}  // namespace

TEST_CASE("pauses grow up to the longest, until give_up_after is over") {
    FakeClock clock(start_of_time());
    RetrySchedule retries(kPolicy, clock);
    std::vector<std::int64_t> pauses;
    Millis waited{0};
    while (const auto pause = retries.failed(kOne, ErrorCode::kImageUnavailable)) {
        CHECK(pause->tries == pauses.size() + 1);
        CHECK_FALSE(retries.due(kOne));
        clock.advance(pause->time - Millis(1));
        CHECK_FALSE(retries.due(kOne));
        clock.advance(Millis(1));
        CHECK(retries.due(kOne));
        pauses.push_back(pause->time.count());
        waited += pause->time;
    }
    CHECK(pauses == std::vector<std::int64_t>{1'000, 2'000, 4'000, 8'000, 5'000});
    CHECK(waited == kPolicy.give_up_after);  // the last try is at the end
    CHECK(retries.failed(kOne, ErrorCode::kImageUnavailable)->time ==
          Millis(1'000));  // the attempt was removed
}

TEST_CASE("by default a step is retried for at least ten minutes") {
    CHECK(RetryPolicy{}.give_up_after >= Millis(10 * 60'000));
    CHECK(RetryPolicy{}.longest <= Millis(60'000));
}

TEST_CASE("pauses restart after a success or with another step; failed_for_now retries without end") {
    FakeClock clock(start_of_time());
    RetrySchedule retries(kPolicy, clock);
    (void)retries.failed(kOne, ErrorCode::kImageUnavailable);
    clock.advance(Millis(60'000));
    CHECK(retries.failed(kOne, ErrorCode::kStoreFailed)->tries == 1);
    (void)retries.failed(kOne, ErrorCode::kStoreFailed);
    retries.forget(kOne);
    CHECK(retries.due(kOne));
    CHECK(retries.failed(kOne, ErrorCode::kStoreFailed)->tries == 1);
    for (int i = 0; i < 100; ++i) {
        clock.advance(retries.failed_for_now(kOne, ErrorCode::kInternal).time);
    }
    CHECK(retries.failed_for_now(kOne, ErrorCode::kInternal).time == kPolicy.longest);
}

TEST_CASE("waiting attempts hold no slot, up to as many as the capacity") {
    FakeClock clock(start_of_time());
    RetrySchedule retries(kPolicy, clock);
    const AttemptKey three{job_id(3), 1};
    CHECK(retries.occupied({kOne}, 1) == 1);
    (void)retries.failed(kOne, ErrorCode::kStoreFailed);
    CHECK(retries.occupied({kOne}, 1) == 0);
    CHECK(retries.occupied({kOne, kTwo}, 1) == 1);
    (void)retries.failed(kTwo, ErrorCode::kStoreFailed);
    CHECK(retries.occupied({kOne, kTwo}, 1) == 1);  // two attempts wait, one more than the capacity
    CHECK(retries.occupied({kOne, kTwo, three}, 2) == 1);
    retries.taken(kOne);
    CHECK(retries.occupied({kOne, kTwo}, 2) == 1);
    CHECK(retries.waiting(kTwo));
    CHECK_FALSE(retries.waiting(kOne));
}
