#include "services/node-agent/executor/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>

#include "core/crash_point.hpp"
#include "runtime/app.hpp"
#include "services/node-agent/executor/disk_space.hpp"
#include "services/node-agent/executor/docker/engine_refusal.hpp"

namespace lamda::agent {

using wire::ErrorCode;
using wire::StatusKind;

namespace {

constexpr Millis kPollInterval{1'000};  // of logs and retractions
constexpr int kStartTries = 20;
constexpr Millis kStartPause{100};
constexpr int kOomPolls = 10;
constexpr Millis kOomPause{100};
constexpr Millis kIdle{500};
constexpr int kNotFound = 404;

/// Digest that the reference pins, or else the id of the image that ran.
std::string digest_of(const std::string& image, const std::string& image_id) {
    const auto at = image.find('@');
    return at == std::string::npos ? image_id : image.substr(at + 1);
}

}  // namespace

/// Exclusive lock of an attempt among slots. Its stop token follows `stop`, and is requested once the attempt
/// becomes void.
class Runner::AttemptLock {
  public:
    AttemptLock(Runner& runner, const AttemptKey& key, const std::stop_token& stop)
        : runner_(runner),
          key_(key),
          source_(source_of(runner, key)),
          forward_(stop, [this] { source_.request_stop(); }) {}
    ~AttemptLock() {
        const std::lock_guard lock(runner_.mutex_);
        runner_.locked_.erase(key_);
    }
    AttemptLock(const AttemptLock&) = delete;
    AttemptLock& operator=(const AttemptLock&) = delete;
    std::stop_token stop() const { return source_.get_token(); }

  private:
    static std::stop_source source_of(Runner& runner, const AttemptKey& key) {
        const std::lock_guard lock(runner.mutex_);
        return runner.locked_.at(key);
    }

    Runner& runner_;
    AttemptKey key_;
    std::stop_source source_;
    std::stop_callback<std::function<void()>> forward_;
};

Runner::Runner(RunnerConfig config, Journal& journal, const StatusWriter& statuses, RetrySchedule& retries,
               PulledImages& pulled, DockerEngine& engine, ipfs::ContentStore& content, bus::Bus& bus,
               const telemetry::Context& context)
    : config_(std::move(config)),
      journal_(journal),
      statuses_(statuses),
      retries_(retries),
      pulled_(pulled),
      engine_(engine),
      content_(content),
      bus_(bus),
      clock_(context.clock),
      log_(context.log),
      metrics_(context.metrics) {}

void Runner::serve(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        seen = journal_.wait_change(seen, Millis(0));
        if (!serve_one(stop)) {
            journal_.wait_change(seen, kIdle);
        }
    }
}

bool Runner::serve_one(const std::stop_token& stop) {
    const auto key = lock_due_attempt();
    if (!key) {
        return false;
    }
    const AttemptLock lock(*this, *key, stop);
    run(*key, lock.stop());
    return true;
}

std::optional<AttemptKey> Runner::lock_due_attempt() {
    const auto active = journal_.active_attempts();
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(active.begin(), active.end(), [&](const auto& key) {
        return !locked_.contains(key) && retries_.due(key);
    });
    if (found == active.end()) {
        return std::nullopt;
    }
    locked_.emplace(*found, std::stop_source());
    retries_.taken(*found);
    return *found;
}

void Runner::interrupt_void(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        {
            const std::lock_guard lock(mutex_);
            for (auto& [key, source] : locked_) {
                if (!journal_.active(key)) {
                    source.request_stop();
                }
            }
        }
        seen = journal_.wait_change(seen, kIdle);
    }
}

void Runner::run(const AttemptKey& key, const std::stop_token& stop) {
    const auto attempt = journal_.find(key);
    if (!attempt || !attempt->active()) {
        retries_.forget(key);
        return;
    }
    try {
        advance(key, *attempt, stop);
    } catch (const EngineError& error) {
        try_later(key, {ErrorCode::kInternal, "the container engine failed", error.what()}, stop);
    } catch (const net::TransportError& error) {
        // Only the engine knows the state of the container: retry without end.
        if (!stop.stop_requested() && journal_.active(key)) {
            const auto pause = retries_.failed_for_now(key, ErrorCode::kInternal);
            log_.warn("the container engine does not answer", {{"job", key.job.hex()},
                                                               {"attempt", key.attempt},
                                                               {"reason", error.what()},
                                                               {"again_in_ms", pause.time.count()}});
        }
    }
    if (!journal_.active(key)) {
        retries_.forget(key);
    }
}

void Runner::advance(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    if (attempt.ran && take_over_output(key, attempt)) {
        complete(key, attempt, *attempt.ran, stop);
        return;
    }
    auto state = engine_.inspect(key.container());
    if (!state) {
        if (attempt.phase == Phase::kStarted) {
            fail(key, {ErrorCode::kInternal, "the container is gone"});
            return;
        }
        if (prepare(key, attempt, stop) == Step::kEnded) {
            return;
        }
        state = engine_.inspect(key.container());
    }
    if (!state || state->created_only()) {
        if (start(key, attempt) == Step::kEnded) {
            return;
        }
    } else {
        log_.info("resuming container", {{"container", key.container()}, {"status", state->status}});
    }
    crash_point("agent.container.started");
    journal_.update(key, [&](Attempt& entry) {
        if (entry.phase == Phase::kAccepted) {
            entry.phase = Phase::kStarted;
            statuses_.add(entry, StatusKind::kRunning);
        }
    });
    crash_point("agent.started.recorded");
    if (attempt.phase == Phase::kAccepted) {
        retries_.forget(key);  // every step up to the start succeeded
    }
    try {
        if (follow(key, attempt, stop) == Step::kEnded) {
            return;
        }
    } catch (const net::TransportError&) {
        journal_.update(key, [](Attempt& entry) { entry.engine_lost = true; });
        throw;
    }
    if (conclude(key, attempt, stop) == Step::kContinue) {
        const auto ended = journal_.find(key);
        if (ended && ended->active() && ended->ran) {
            complete(key, attempt, *ended->ran, stop);
        }
    }
}

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

Runner::Step Runner::try_later(const AttemptKey& key, const Failure& failure, const std::stop_token& stop) {
    if (stop.stop_requested() || !journal_.active(key)) {
        return Step::kEnded;  // the failure is the interruption
    }
    const auto pause = retries_.failed(key, failure.code);
    if (!pause) {
        return fail(key, failure);
    }
    const std::string step(wire::to_string(failure.code));
    metrics_.counter("lamda_agent_retries_total", "Retries of steps of attempts", {{"step", step}}).add();
    log_.warn("tried again later", {{"job", key.job.hex()},
                                    {"attempt", key.attempt},
                                    {"step", step},
                                    {"reason", failure.message},
                                    {"detail", failure.detail},
                                    {"tries", pause->tries},
                                    {"again_in_ms", pause->time.count()}});
    return Step::kEnded;
}

Runner::Step Runner::fail(const AttemptKey& key, const Failure& failure) {
    StatusDetails details;
    details.error_code = failure.code;
    details.error_message = failure.message;
    details.exit_code = failure.exit_code;
    journal_.update(key, [&](Attempt& entry) {
        if (entry.active()) {
            statuses_.add(entry, StatusKind::kFailed, details);
            entry.store_failed = failure.code == ErrorCode::kStoreFailed;
        }
    });
    crash_point("agent.final.recorded");
    retries_.forget(key);
    const std::string result(wire::to_string(failure.code));
    metrics_.counter("lamda_agent_attempts_total", "Attempts that ended", {{"result", result}}).add();
    log_.warn("attempt failed", {{"job", key.job.hex()},
                                 {"attempt", key.attempt},
                                 {"error", result},
                                 {"reason", failure.message},
                                 {"detail", failure.detail}});
    return Step::kEnded;
}

}  // namespace lamda::agent
