#include "services/node-agent/bus/work_state.hpp"

#include <catch2/catch.hpp>

#include "services/node-agent/state/assignment_decision.hpp"
#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

TEST_CASE("an attempt that pauses before a retry needs no resources, one whose retry is due does") {
    const testkit::TempDir dir("agent-use");
    FakeClock clock{start_of_time()};
    Journal journal(dir.path(), clock, telemetry::Log::none());
    RetrySchedule retries({}, clock);
    const auto work = assignment(1, 1);
    const AttemptKey key{work.job_id, work.attempt};
    Use needed;
    needed += work.requirements;
    REQUIRE(needed != Use{});
    journal.update(work.job_id, [&](JobRecord& record) { enter(record, work, clock.now()); });
    CHECK(use_of(journal, retries) == needed);
    const auto pause = retries.failed_for_now(key, wire::ErrorCode::kInputUnavailable);
    CHECK(use_of(journal, retries) == Use{});
    clock.advance(pause.time);
    CHECK(use_of(journal, retries) == needed);
    retries.taken(key);
    CHECK(use_of(journal, retries) == needed);
}

TEST_CASE("assignments count as held back while they wait on the bus, and no longer") {
    FakeClock clock{start_of_time()};
    HeldBack held_back(clock);
    CHECK_FALSE(held_back.any());
    held_back.postponed(Millis(21'000));
    held_back.postponed(Millis(1'000));
    clock.advance(Millis(20'999));
    CHECK(held_back.any());
    clock.advance(Millis(1));
    CHECK_FALSE(held_back.any());
}
