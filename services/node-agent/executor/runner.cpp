#include "services/node-agent/executor/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/crash_point.hpp"

namespace lamda::agent {

using wire::ErrorCode;
using wire::StatusKind;

namespace {

constexpr Millis kIdle{500};

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
               Executor& executor, SecretFiles& secrets, ipfs::TreeStore& content, bus::Bus& bus,
               const telemetry::Context& context)
    : config_(std::move(config)),
      journal_(journal),
      statuses_(statuses),
      retries_(retries),
      executor_(executor),
      secrets_(secrets),
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

bool Runner::has_room(const AttemptKey& key, const Use& used) const {
    const auto attempt = journal_.find(key);
    return !attempt || locked_.empty() || attempt->phase == Phase::kStarted || attempt->ran ||
           fits(attempt->assignment.requirements, used, config_.total());
}

std::optional<AttemptKey> Runner::lock_due_attempt() {
    const auto active = journal_.active_attempts();
    const std::lock_guard lock(mutex_);
    Use used;
    for (const auto& [key, source] : locked_) {
        if (const auto attempt = journal_.find(key)) {
            used += attempt->assignment.requirements;
        }
    }
    const auto found = std::find_if(active.begin(), active.end(), [&](const auto& key) {
        return !locked_.contains(key) && retries_.due(key) && has_room(key, used);
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
    } catch (const ExecutorError& error) {
        try_later(key, {ErrorCode::kInternal, error.message(), error.what()}, stop);
    } catch (const ExecutorUnavailable& error) {
        // Only the executor knows the state of the work: retry without end.
        if (!stop.stop_requested() && journal_.active(key)) {
            const auto pause = retries_.failed_for_now(key, ErrorCode::kInternal);
            log_.warn(fmt::format("the {} engine does not answer", executor_.noun()),
                      {{"job", key.job.hex()},
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
    auto state = executor_.find(key);
    if (!state) {
        if (attempt.phase == Phase::kStarted) {
            fail(key, {ErrorCode::kInternal, fmt::format("the {} is gone", executor_.noun())});
            return;
        }
        if (prepare(key, attempt, stop) == Step::kEnded) {
            return;
        }
        state = executor_.find(key);
    }
    if (!state || !state->started) {
        if (start(key, attempt, stop) == Step::kEnded) {
            return;
        }
    } else {
        log_.info(fmt::format("resuming {}", executor_.noun()),
                  {{"container", key.container()}, {"status", state->status}});
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
    } catch (const ExecutorUnavailable&) {
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

Runner::Step Runner::fail(const AttemptKey& key, const StepFailure& failed, const std::stop_token& stop) {
    switch (failed.kind) {
        case StepFailure::Kind::kPermanent:
            return fail(key, failed.failure);
        case StepFailure::Kind::kTransient:
            break;
    }
    return try_later(key, failed.failure, stop);
}

}  // namespace lamda::agent
