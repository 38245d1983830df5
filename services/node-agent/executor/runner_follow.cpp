// Execution part of Runner: from a created container to its recorded run (start, wait, outcome).
#include <algorithm>
#include <atomic>

#include "core/crash_point.hpp"
#include "services/node-agent/executor/disk_space.hpp"
#include "services/node-agent/executor/docker/engine_refusal.hpp"
#include "services/node-agent/executor/runner.hpp"

namespace lamda::agent {

using wire::ErrorCode;

namespace {

constexpr Millis kPollInterval{1'000};  // of logs and retractions
constexpr int kStartTries = 20;
constexpr Millis kStartPause{100};
constexpr int kOomPolls = 10;
constexpr Millis kOomPause{100};
constexpr int kNotFound = 404;

/// Digest that the reference pins, or else the id of the image that ran.
std::string digest_of(const std::string& image, const std::string& image_id) {
    const auto at = image.find('@');
    return at == std::string::npos ? image_id : image.substr(at + 1);
}

}  // namespace

Runner::Step Runner::start(const AttemptKey& key, const Attempt& attempt) {
    if (!journal_.active(key)) {
        return Step::kEnded;
    }
    for (int tries = 1;; ++tries) {
        try {
            engine_.start(key.container());
            return Step::kContinue;
        } catch (const EngineError& error) {
            const bool gpu = attempt.assignment.requirements.gpu_count > 0 && lacks_device(error.what());
            if (gpu || is_impossible_start(error.what())) {
                return fail(key, {ErrorCode::kRefused, gpu ? kNoGpu : kImpossibleStart, error.what()});
            }
            // The engine reserves a name before the container exists: an earlier process may have been killed
            // while creating it.
            if (error.status() != kNotFound || tries == kStartTries) {
                return fail(key,
                            {ErrorCode::kStartFailed, "the container could not be started", error.what()});
            }
        }
        clock_.sleep({}, kStartPause);
    }
}

Runner::Step Runner::follow(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto& requirements = attempt.assignment.requirements;
    const auto limit =
        std::chrono::duration_cast<Millis>(std::chrono::seconds(requirements.time_limit_seconds));
    // Steady time decides: the wall clocks of agent and engine may jump while the job runs.
    const auto deadline = clock_.steady() + std::max(limit - followed_for(key), Millis(0));
    std::atomic<bool> excess = attempt.excess.has_value();
    const DiskWatch disk(
        engine_, key.container(), dirs_of(key), disk_limit(requirements),
        [&](const Written& written) {
            if (!excess) {
                // Recorded first: the job may delete its files before the signal arrives.
                journal_.update(key, [&](Attempt& entry) { entry.excess = written; });
                crash_point("agent.excess.recorded");
                excess = true;
            }
            engine_.kill(key.container());
        },
        clock_, log_);
    for (;;) {
        const auto remaining = std::chrono::duration_cast<Millis>(deadline - clock_.steady()) + Millis(1);
        const bool ended = engine_.wait(key.container(), std::clamp(remaining, Millis(50), kPollInterval));
        if (ended) {
            note_lost_engine(key);  // at once: the engine may be back before the measurements end
        }
        if (!journal_.active(key)) {
            engine_.remove(key.container());
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
            engine_.kill(key.container());
        }
    }
}

void Runner::note_lost_engine(const AttemptKey& key) {
    if (!engine_.takes_connections()) {
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

std::optional<ContainerState> Runner::inspect_ended(const AttemptKey& key) {
    constexpr int kKilled = 128 + 9;
    auto state = engine_.inspect(key.container());
    for (int polls = 1; polls < kOomPolls && state && state->exit_code == kKilled && !state->oom_killed;
         ++polls) {
        clock_.sleep({}, kOomPause);
        state = engine_.inspect(key.container());
    }
    return state;
}

Runner::Step Runner::conclude(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto state = inspect_ended(key);
    if (!state || !state->ended()) {
        return fail(key,
                    {ErrorCode::kInternal, state ? "the container has not ended" : "the container is gone",
                     state ? state->status : ""});
    }
    const auto& requirements = attempt.assignment.requirements;
    Ended ended;
    ended.exit_code = state->exit_code;
    ended.oom_killed = state->oom_killed;
    if (state->exit_code != 0) {
        note_lost_engine(key);
    }
    const auto entry = journal_.find(key);
    ended.engine_lost = entry && entry->engine_lost;
    const auto limit = std::chrono::seconds(requirements.time_limit_seconds);
    // If no agent ran at the end, the engine's times must exceed the limit and the agent's must not
    // contradict.
    const bool late =
        state->started_at && state->finished_at && *state->finished_at - *state->started_at >= limit;
    ended.overran = entry && (entry->overran || (late && followed_for(key) >= limit));
    try {
        ended.written = entry && entry->excess ? *entry->excess
                                               : measure_written(engine_, key.container(), dirs_of(key),
                                                                 disk_limit(requirements), stop);
    } catch (const EngineError& error) {
        return try_later(key,
                         {ErrorCode::kInternal, "the container engine does not report how much the job wrote",
                          error.what(), state->exit_code},
                         stop);
    }
    if (stop.stop_requested()) {
        return Step::kEnded;  // the count may be incomplete
    }
    const auto outcome = outcome_of(ended, requirements);
    if (outcome.error) {
        return fail(key, {*outcome.error, outcome.message, "", state->exit_code});
    }
    const auto started = state->started_at.value_or(Timestamp{});
    RunResult ran;
    ran.image_digest = digest_of(attempt.assignment.docker_image, state->image_id);
    ran.started_at = to_rfc3339(started);
    // The engine records the start late: a short run may seem to end before its start.
    ran.ended_at = to_rfc3339(std::max(started, state->finished_at.value_or(started)));
    ran.exit_code = state->exit_code;
    journal_.update(key, [&](Attempt& noted) {
        if (noted.active()) {
            noted.ran = ran;
        }
    });
    crash_point("agent.run.recorded");
    return Step::kContinue;
}

}  // namespace lamda::agent
