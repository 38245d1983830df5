// Execution part of Runner: from created work to its recorded run (start, wait, outcome).
#include <algorithm>
#include <atomic>

#include "core/crash_point.hpp"
#include "services/node-agent/executor/disk_space.hpp"
#include "services/node-agent/executor/runner.hpp"

namespace lamda::agent {

using wire::ErrorCode;

namespace {

constexpr Millis kPollInterval{1'000};  // of logs and retractions

}  // namespace

Runner::Step Runner::start(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    if (!journal_.active(key)) {
        return Step::kEnded;
    }
    if (secrets_.missing(attempt.assignment)) {
        if (const auto failure = secrets_.put(attempt.assignment)) {
            return fail(key, *failure);
        }
    }
    if (const auto failed = executor_.start(attempt.assignment)) {
        return fail(key, *failed, stop);
    }
    return Step::kContinue;
}

Runner::Step Runner::follow(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto& requirements = attempt.assignment.requirements;
    const auto limit =
        std::chrono::duration_cast<Millis>(std::chrono::seconds(requirements.time_limit_seconds));
    // Steady time decides: the wall clocks of agent and executor may jump while the job runs.
    const auto deadline = clock_.steady() + std::max(limit - followed_for(key), Millis(0));
    std::atomic<bool> excess = attempt.excess.has_value();
    const DiskWatch disk(
        executor_, key, dirs_of(key), disk_limit(requirements),
        [&](const Written& written) {
            if (!excess) {
                // Recorded first: the job may delete its files before the signal arrives.
                journal_.update(key, [&](Attempt& entry) { entry.excess = written; });
                crash_point("agent.excess.recorded");
                excess = true;
            }
            executor_.kill(key);
        },
        clock_, log_);
    for (;;) {
        const auto remaining = std::chrono::duration_cast<Millis>(deadline - clock_.steady()) + Millis(1);
        const bool ended = executor_.wait(key, std::clamp(remaining, Millis(50), kPollInterval));
        if (ended) {
            note_lost_engine(key);  // at once: the executor may be back before the measurements end
        }
        if (!journal_.active(key)) {
            executor_.remove(key);
            log_.info("retracted attempt stopped", {{"container", key.container()}});
            return Step::kEnded;
        }
        publish_logs(key);
        if (ended) {
            return Step::kContinue;
        }
        if (stop.stop_requested()) {
            return Step::kEnded;
        }
        if (!excess && clock_.steady() >= deadline) {
            journal_.update(key, [](Attempt& entry) { entry.overran = true; });
            crash_point("agent.overrun.recorded");
        }
        if (excess || clock_.steady() >= deadline) {
            executor_.kill(key);
        }
    }
}

void Runner::note_lost_engine(const AttemptKey& key) {
    if (!executor_.takes_connections()) {
        journal_.update(key, [](Attempt& entry) { entry.engine_lost = true; });
    }
}

Millis Runner::followed_for(const AttemptKey& key) {
    const auto now = boot_time(clock_);
    const auto attempt = journal_.find(key);
    if (attempt && attempt->followed_since) {
        if (const auto since = elapsed(*attempt->followed_since, now)) {
            return *since;
        }
    }
    journal_.update(key, [&](Attempt& entry) { entry.followed_since = now; });
    return Millis(0);
}

Runner::Step Runner::conclude(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    secrets_.remove(key);  // the work has ended
    const auto report = executor_.end(attempt.assignment);
    if (const auto* missing = std::get_if<Failure>(&report)) {
        return fail(key, *missing);
    }
    const auto& end = std::get<WorkEnd>(report);
    const auto& requirements = attempt.assignment.requirements;
    Ended ended;
    ended.exit_code = end.exit_code;
    ended.oom_killed = end.oom_killed;
    if (end.exit_code != 0) {
        note_lost_engine(key);
    }
    const auto entry = journal_.find(key);
    ended.engine_lost = entry && entry->engine_lost;
    const auto limit = std::chrono::seconds(requirements.time_limit_seconds);
    // If no agent ran at the end, the executor's times must exceed the limit and the agent's must not
    // contradict.
    const bool late = end.started_at && end.finished_at && *end.finished_at - *end.started_at >= limit;
    ended.overran = entry && (entry->overran || (late && followed_for(key) >= limit));
    try {
        ended.written = entry && entry->excess
                            ? *entry->excess
                            : measure_written(executor_, key, dirs_of(key), disk_limit(requirements), stop);
    } catch (const ExecutorError& error) {
        return try_later(key, {ErrorCode::kInternal, error.message(), error.what(), end.exit_code}, stop);
    }
    if (stop.stop_requested()) {
        return Step::kEnded;  // the count may be incomplete
    }
    const auto outcome = outcome_of(ended, requirements);
    if (outcome.error) {
        return fail(key, {*outcome.error, outcome.message, "", end.exit_code});
    }
    const auto started = end.started_at.value_or(Timestamp{});
    RunResult ran;
    ran.image_digest = end.digest;
    ran.started_at = to_rfc3339(started);
    // An engine may record the start late: a short run may seem to end before its start.
    ran.ended_at = to_rfc3339(std::max(started, end.finished_at.value_or(started)));
    ran.exit_code = end.exit_code;
    journal_.update(key, [&](Attempt& noted) {
        if (noted.active()) {
            noted.ran = ran;
        }
    });
    crash_point("agent.run.recorded");
    return Step::kContinue;
}

}  // namespace lamda::agent
