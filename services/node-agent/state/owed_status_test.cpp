// Tests of owed statuses: what is owed, and when it is sent again.
#include "services/node-agent/state/owed_status.hpp"

#include <catch2/catch.hpp>

#include "services/node-agent/state/assignment_decision.hpp"
#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

const JobId kJob = job_id(1);

JobRecord finished() {
    JobRecord record;
    Attempt attempt;
    attempt.assignment = assignment(1, 2);
    attempt.phase = Phase::kFinished;
    attempt.last_seq = 3;
    attempt.final_status = "{}";
    record.attempts.emplace(2, attempt);
    return record;
}

JobRecord retracted(Phase phase, bool cleaned) {
    JobRecord record;
    Attempt attempt;
    attempt.assignment = assignment(1, 1);
    attempt.phase = phase;
    attempt.cleaned = cleaned;
    record.attempts.emplace(1, attempt);
    enter(record, wire::Retraction{kJob, 1, wire::RetractReason::kCancelled});
    return record;
}

}  // namespace

TEST_CASE("a final status is owed from the acknowledgement of the bus to that of the dispatcher") {
    auto record = finished();
    record.attempts.at(2).outbox.push_back({3, wire::StatusKind::kCompleted, "{}"});
    CHECK(owed_statuses(kJob, record).empty());  // the publisher sends it
    record.attempts.at(2).outbox.clear();
    REQUIRE(owed_statuses(kJob, record).size() == 1);
    CHECK(owed_statuses(kJob, record)[0] == OwedStatus{{kJob, 2}, 3, "{}", true});
    for (const auto& other : {wire::StatusApplied{kJob, 1, 3}, wire::StatusApplied{kJob, 2, 2}}) {
        note_applied(record, other);
        CHECK(owed_statuses(kJob, record).size() == 1);
    }
    note_applied(record, {kJob, 2, 3});
    CHECK(owed_statuses(kJob, record).empty());
}

TEST_CASE("a retraction is answered once nothing of its attempts exists any more") {
    JobRecord unknown;
    CHECK_FALSE(report_due(unknown));
    enter(unknown, wire::Retraction{kJob, 3, wire::RetractReason::kOrphaned});
    CHECK(report_due(unknown));

    CHECK_FALSE(report_due(retracted(Phase::kStarted, false)));
    CHECK(report_due(retracted(Phase::kStarted, true)));
    CHECK_FALSE(report_due(retracted(Phase::kFinished, true)));  // its final status is the answer

    auto newer = retracted(Phase::kStarted, true);
    newer.attempts.emplace(2, Attempt{});
    CHECK(report_due(newer));  // attempt 2 is not retracted

    auto answered = retracted(Phase::kStarted, true);
    answered.stopped = StoppedReport{1, 4, "{}", false, false};
    CHECK_FALSE(report_due(answered));
    CHECK(owed_statuses(kJob, answered) == std::vector{OwedStatus{{kJob, 1}, 4, "{}", false}});
    note_applied(answered, {kJob, 1, 4});
    CHECK(owed_statuses(kJob, answered).empty());
}

TEST_CASE("repeats begin after 15 s, each pause is twice the last, at most six hours") {
    RepeatSchedule schedule;
    FakeClock clock{start_of_time()};
    const std::vector<OwedStatus> owed{{{kJob, 1}, 3, "{}", true}};
    CHECK(schedule.due(owed, clock.steady()).empty());
    std::vector<Millis> pauses;
    Millis waited{0};
    while (pauses.size() < 13) {
        clock.advance(Millis(5'000));
        waited += Millis(5'000);
        if (!schedule.due(owed, clock.steady()).empty()) {
            pauses.push_back(waited);
            waited = Millis(0);
        }
    }
    CHECK(pauses[0] == Millis(15'000));
    CHECK(pauses[1] == Millis(15'000));
    CHECK(pauses[2] == Millis(30'000));
    CHECK(pauses.back() == RepeatSchedule::kLongest);
    CHECK(schedule.due({}, clock.steady()).empty());
    CHECK(schedule.due(owed, clock.steady()).empty());  // forgotten: begins again
}

TEST_CASE("a report that the bus has not acknowledged is due at once") {
    RepeatSchedule schedule;
    FakeClock clock{start_of_time()};
    CHECK(schedule.due({{{kJob, 1}, 1, "{}", false}}, clock.steady()).size() == 1);
    CHECK(schedule.due({{{kJob, 1}, 1, "{}", false}}, clock.steady()).empty());
}

TEST_CASE("a retraction that comes again is answered at once, by the same bytes") {
    auto record = retracted(Phase::kStarted, true);
    record.stopped = StoppedReport{1, 4, "signed", true, true};
    RepeatSchedule schedule;
    FakeClock clock{start_of_time()};
    CHECK(schedule.due(owed_statuses(kJob, record), clock.steady()).empty());
    ask_again(record, {kJob, 1, wire::RetractReason::kCancelled});
    CHECK_FALSE(report_due(record));
    CHECK(schedule.due(owed_statuses(kJob, record), clock.steady()) ==
          std::vector{OwedStatus{{kJob, 1}, 4, "signed", false}});
    // Sent, and asked for once more before it is applied.
    record.stopped->sent = true;
    CHECK(schedule.due(owed_statuses(kJob, record), clock.steady()).empty());
    ask_again(record, {kJob, 1, wire::RetractReason::kCancelled});
    CHECK(schedule.due(owed_statuses(kJob, record), clock.steady()).size() == 1);

    record.stopped = StoppedReport{1, 0, "", true, true};  // of an earlier release
    ask_again(record, {kJob, 1, wire::RetractReason::kCancelled});
    CHECK(report_due(record));
}
