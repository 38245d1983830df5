// Checks of ordinary work: success, failure, repetitions of `running`, capacity.
#include <fmt/format.h>

#include <algorithm>

#include "tools/cli/conformance/checks.hpp"
#include "wire/subjects.hpp"

namespace lamda::cli::conformance {
namespace {

using wire::StatusKind;

void expect_status(Session& s, const wire::Assignment& job, StatusKind kind) {
    s.expect(fmt::format("`{}`", wire::to_string(kind)),
             [&](const Record& seen) { return has_status(seen, job.job_id, job.attempt, kind); });
}

void completes(Session& s) {
    const auto job = s.job({"true"});
    const auto sequence = s.assign(job);
    s.expect_settled(wire::kJobsStream, sequence, "the assignment");
    for (const auto kind : {StatusKind::kAccepted, StatusKind::kRunning, StatusKind::kCompleted}) {
        expect_status(s, job, kind);
    }
}

void fails(Session& s) {
    const auto job = s.job({"false"});
    s.assign(job);
    expect_status(s, job, StatusKind::kFailed);
    const auto final = final_of(s.record(), job.job_id, 1);
    if (final->error_code != wire::ErrorCode::kExitNonzero || final->exit_code != 1) {
        throw CheckFailed("`false` ended without errorCode exit_nonzero and exitCode 1");
    }
}

void repeats_running(Session& s) {
    const auto job = s.job({"sleep", "25"});
    s.assign(job);
    expect_status(s, job, StatusKind::kCompleted);
    const auto statuses = statuses_of(s.record(), job.job_id, 1);
    const auto times = std::count_if(statuses.begin(), statuses.end(),
                                     [](const auto& one) { return one.status == StatusKind::kRunning; });
    if (times < 2) {
        throw CheckFailed(fmt::format("`running` came {} times in 25 s", times));
    }
}

void respects_capacity(Session& s) {
    const auto capacity = s.capacity();
    std::vector<wire::Assignment> jobs;
    std::vector<std::uint64_t> sequences;
    for (std::uint32_t i = 0; i < capacity + 2; ++i) {
        jobs.push_back(s.job({"sleep", "6"}));
        sequences.push_back(s.assign(jobs.back()));
    }
    const auto count = [&](const Record& seen, StatusKind kind) {
        return static_cast<std::uint32_t>(std::count_if(jobs.begin(), jobs.end(), [&](const auto& job) {
            return has_status(seen, job.job_id, 1, kind);
        }));
    };
    s.expect(fmt::format("{} jobs running at once, as announced", capacity),
             [&](const Record& seen) { return count(seen, StatusKind::kRunning) >= capacity; });
    const auto& seen = s.record();
    const auto acknowledged = std::count_if(sequences.begin(), sequences.end(), [&](std::uint64_t one) {
        return answered(seen, wire::kJobsStream, one, Answer::kAck);
    });
    // Not before the first has ended: its place may have been taken.
    if (count(seen, StatusKind::kCompleted) == 0 && acknowledged > static_cast<std::int64_t>(capacity)) {
        throw CheckFailed(
            fmt::format("{} assignments were acknowledged while {} can run: the others are lost "
                        "with the agent",
                        acknowledged, capacity));
    }
    s.expect(
        "each of them completed",
        [&](const Record& all) { return count(all, StatusKind::kCompleted) == jobs.size(); },
        Session::kLongest * 2);
}

}  // namespace

std::vector<Check> work_checks() {
    return {
        {"completes", "a job is acknowledged, accepted, run and completed with an output CID",
         "What an agent must do, 2", completes},
        {"fails", "a failed job ends with exit_nonzero and its exit code", "Messages, Status", fails},
        {"repeats", "running is repeated every 10 s, also while the dispatcher is silent", "Messages, Status",
         repeats_running},
        {"capacity", "no more is acknowledged than can run; the rest follows", "What an agent must do, 2",
         respects_capacity},
    };
}

}  // namespace lamda::cli::conformance
