// Checks of odd orders: repetitions, retractions, attempts that overtake each other.
#include <fmt/format.h>

#include "tools/cli/conformance/checks.hpp"
#include "wire/subjects.hpp"

namespace lamda::cli::conformance {
namespace {

using wire::StatusKind;

constexpr auto kSleep = "20";  ///< longer than a retraction takes
constexpr auto kShortSleep = "5";

void expect_status(Session& s, const wire::Assignment& job, StatusKind kind) {
    s.expect(fmt::format("`{}` of attempt {}", wire::to_string(kind), job.attempt),
             [&](const Record& seen) { return has_status(seen, job.job_id, job.attempt, kind); });
}

/// Fails if the attempt has any status, or a final one.
void require_none(Session& s, const wire::Assignment& job, const std::string& why) {
    if (const auto statuses = statuses_of(s.record(), job.job_id, job.attempt); !statuses.empty()) {
        throw CheckFailed(fmt::format("attempt {} has `{}`, although {}", job.attempt,
                                      wire::to_string(statuses.back().status), why));
    }
}

void require_unfinished(Session& s, const wire::Assignment& job, const std::string& why) {
    if (const auto final = final_of(s.record(), job.job_id, job.attempt)) {
        throw CheckFailed(fmt::format("attempt {} ended with `{}`, although {}", job.attempt,
                                      wire::to_string(final->status), why));
    }
}

/// Waits until everything that was sent before has had its effect.
void let_pass(Session& s) {
    if (!s.wait_idle()) {
        throw CheckFailed("heartbeats still announce a running job");
    }
    s.expect_works();
}

void repeat_while_running(Session& s) {
    const auto job = s.job({"sleep", kShortSleep});
    s.assign(job);
    expect_status(s, job, StatusKind::kRunning);
    const auto again = s.assign(job);
    s.expect_settled(wire::kJobsStream, again, "the repeated assignment");
    expect_status(s, job, StatusKind::kCompleted);
    let_pass(s);
    if (const auto fault = course_fault(statuses_only_of(s.record(), job.job_id))) {
        throw CheckFailed("the attempt ran again: " + *fault);
    }
}

void repeat_after_end(Session& s) {
    const auto job = s.job({"true"});
    s.assign(job);
    expect_status(s, job, StatusKind::kCompleted);
    const auto before = finals_of(s.record(), job.job_id, 1);
    const auto again = s.assign(job);
    s.expect_settled(wire::kJobsStream, again, "the repeated assignment");
    s.expect("the same bytes of the final status again",
             [&](const Record& seen) { return finals_of(seen, job.job_id, 1) > before; });
}

void retracted_before(Session& s) {
    const auto job = s.job({"true"});
    s.expect_settled(wire::kRetractStream, s.retract(job.job_id, 1), "the retraction");
    s.expect_settled(wire::kJobsStream, s.assign(job), "the retracted assignment");
    let_pass(s);
    require_none(s, job, "its retraction came before it");
}

void retracted_while_running(Session& s) {
    const auto job = s.job({"sleep", kSleep});
    s.assign(job);
    expect_status(s, job, StatusKind::kRunning);
    s.expect_settled(wire::kRetractStream, s.retract(job.job_id, 1), "the retraction");
    let_pass(s);
    require_unfinished(s, job, "it was retracted while it ran");
}

void retracted_after_end(Session& s) {
    const auto job = s.job({"true"});
    s.assign(job);
    expect_status(s, job, StatusKind::kCompleted);
    s.expect_settled(wire::kRetractStream, s.retract(job.job_id, 1), "the retraction");
    const auto before = statuses_of(s.record(), job.job_id, 1).back().seq;
    s.expect_settled(wire::kJobsStream, s.assign(job), "the retracted assignment");
    s.expect_works();
    if (statuses_of(s.record(), job.job_id, 1).back().seq != before) {
        throw CheckFailed("the attempt ran again, although it was retracted");
    }
}

void higher_overtakes(Session& s) {
    if (s.capacity() < 2) {
        throw CheckSkipped("needs an agent with capacity 2 or more");
    }
    auto job = s.job({"sleep", kSleep});
    s.assign(job);
    expect_status(s, job, StatusKind::kRunning);
    auto second = job;
    second.attempt = 2;
    second.command = {"true"};
    s.assign(second);
    expect_status(s, second, StatusKind::kCompleted);
    let_pass(s);
    require_unfinished(s, job, "attempt 2 came while it ran");
}

void lower_is_late(Session& s) {
    auto job = s.job({"true"});
    job.attempt = 2;
    s.assign(job);
    expect_status(s, job, StatusKind::kCompleted);
    auto first = job;
    first.attempt = 1;
    s.expect_settled(wire::kJobsStream, s.assign(first), "the lower attempt");
    s.expect_works();
    require_none(s, first, "attempt 2 came before it");
}

}  // namespace

std::vector<Check> order_checks() {
    return {
        {"repeat-running", "an assignment that comes again while it runs is acknowledged, and runs once",
         "What an agent must do, 3", repeat_while_running},
        {"repeat-ended",
         "an assignment that comes again after its end: the last status again, the same bytes",
         "What an agent must do, 6", repeat_after_end},
        {"retract-before", "an assignment that comes after its retraction is acknowledged and not run",
         "What an agent must do, 7", retracted_before},
        {"retract-running", "a retracted attempt is stopped, and has no further status but the report of it",
         "Messages, Retraction", retracted_while_running},
        {"retract-ended", "an attempt that is retracted after its end does not run again",
         "Messages, Retraction", retracted_after_end},
        {"higher-attempt", "a higher attempt ends a lower one that runs", "What an agent must do, 3",
         higher_overtakes},
        {"lower-attempt", "a lower attempt that comes late is acknowledged and not run",
         "What an agent must do, 3", lower_is_late},
    };
}

}  // namespace lamda::cli::conformance
