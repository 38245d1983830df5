#include "runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/crash_point.hpp"
#include "disk_use.hpp"
#include "output.hpp"
#include "runtime/app.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;
using wire::ErrorCode;
using wire::StatusKind;

namespace {

constexpr Millis kLook{1'000};  // between two looks at what it wrote, logs and retractions
constexpr int kFetchTries = 3;
constexpr int kStoreTries = 5;
constexpr int kStartTries = 20;
constexpr Millis kStartPause{100};
constexpr int kOomLooks = 10;
constexpr Millis kOomPause{100};

/// 1 s, 2 s, 4 s …
Millis backoff(int tried) {
    return Millis(1'000 << tried);
}

/// A tree that the job made, or asked for, and that this machine cannot hold: the same for every attempt. Any
/// other trouble with files is ours, and another attempt may be luckier.
ErrorCode code_of(const std::system_error& error) {
    return error.code() == std::errc::filename_too_long ? ErrorCode::kRefused : ErrorCode::kInternal;
}

/// The digest that the image was pinned to, or else the id of the image that ran.
std::string digest_of(const std::string& image, const std::string& image_id) {
    const auto at = image.find('@');
    return at == std::string::npos ? image_id : image.substr(at + 1);
}

}  // namespace

/// An attempt that no other slot may take meanwhile.
struct Runner::Claim {
    Claim(Runner& runner, const AttemptKey& key) : runner_(runner), key_(key) {}
    ~Claim() {
        const std::lock_guard lock(runner_.mutex_);
        runner_.claimed_.erase(key_);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

  private:
    Runner& runner_;
    AttemptKey key_;
};

Runner::Runner(RunnerConfig config, Journal& journal, const StatusWriter& statuses, DockerEngine& engine,
               ipfs::ContentStore& content, bus::Bus& bus, const Clock& clock, telemetry::Log log,
               telemetry::Metrics& metrics)
    : config_(std::move(config)),
      journal_(journal),
      statuses_(statuses),
      engine_(engine),
      content_(content),
      bus_(bus),
      clock_(clock),
      log_(std::move(log)),
      metrics_(metrics) {}

void Runner::serve(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        seen = journal_.wait_change(seen, Millis(0));
        std::optional<AttemptKey> mine;
        {
            const auto active = journal_.active_attempts();
            const std::lock_guard lock(mutex_);
            const auto found = std::find_if(active.begin(), active.end(),
                                            [&](const auto& key) { return !claimed_.contains(key); });
            if (found != active.end()) {
                mine = *found;
                claimed_.insert(*found);
            }
        }
        if (!mine) {
            journal_.wait_change(seen, Millis(500));
            continue;
        }
        const Claim claim(*this, *mine);
        run(*mine, stop);
    }
}

void Runner::run(const AttemptKey& key, const std::stop_token& stop) {
    const auto attempt = journal_.find(key);
    if (!attempt || !attempt->active()) {
        return;
    }
    auto state = engine_.inspect(key.container());
    if (!state) {
        if (attempt->phase == Phase::kStarted) {
            fail(key, ErrorCode::kInternal, "its container is gone");
            return;
        }
        if (prepare(key, *attempt, stop) == Step::kEnded) {
            return;
        }
        state = engine_.inspect(key.container());
    }
    if (!state || state->created_only()) {
        if (start(key) == Step::kEnded) {
            return;
        }
    } else {
        log_.info("taking up a container again", {{"container", key.container()}, {"status", state->status}});
    }
    crash_point("agent.container.started");
    journal_.update(key, [&](Attempt& entry) {
        if (entry.phase == Phase::kAccepted) {
            entry.phase = Phase::kStarted;
            statuses_.add(entry, StatusKind::kRunning);
        }
    });
    crash_point("agent.started.recorded");
    try {
        if (follow(key, *attempt, stop) == Step::kEnded) {
            return;
        }
    } catch (const net::TransportError&) {
        journal_.update(key, [](Attempt& entry) { entry.engine_lost = true; });
        throw;
    }
    conclude(key, *attempt, stop);
}

Runner::Step Runner::prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto& assignment = attempt.assignment;
    if (assignment.requirements.network && !engine_.has_bridge()) {
        return fail(key, ErrorCode::kRefused, "the job asks for a network and this engine has none");
    }
    if (fetch_input(key, attempt, stop) == Step::kEnded) {
        return Step::kEnded;
    }
    crash_point("agent.input.fetched");
    Image image;
    try {
        image = obtain_image(assignment.docker_image);
    } catch (const EngineError& error) {
        return fail(key, ErrorCode::kImageUnavailable, error.what());
    }
    if (stop.stop_requested() || !journal_.active(key)) {
        return Step::kEnded;
    }
    return create(key, attempt, image);
}

Image Runner::obtain_image(const std::string& name) {
    if (auto image = engine_.image(name)) {
        return *image;
    }
    log_.info("pulling an image", {{"image", name}});
    engine_.pull(name, config_.pull_timeout);
    if (auto image = engine_.image(name)) {
        return *image;
    }
    throw EngineError(404, "the engine has pulled the image and does not have it");
}

Runner::Step Runner::fetch_input(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    make_private_dir(dirs_of(key).root);
    const auto& wanted = attempt.assignment.input_file_cid;
    const std::string input = dirs_of(key).input();
    if (!wanted || fs::exists(input)) {
        return Step::kGoOn;  // it gets that name only when it is complete and verified
    }
    const auto cid = Cid::parse(*wanted);
    if (!cid) {
        return fail(key, ErrorCode::kRefused, cid.error().message);
    }
    const std::string partial = input + ".partial";
    for (int tried = 0;; ++tried) {
        try {
            fs::remove_all(partial);
            content_.fetch(*cid, partial, config_.max_input_bytes);
            fs::rename(partial, input);
            return Step::kGoOn;
        } catch (const ipfs::Mismatch& error) {
            return fail(key, ErrorCode::kInputMismatch, error.what());
        } catch (const ipfs::TooLarge& error) {
            return fail(key, ErrorCode::kRefused, error.what());
        } catch (const std::system_error& error) {
            return fail(key, code_of(error), "the input cannot be written: " + error.code().message());
        } catch (const ipfs::Unavailable& error) {
            if (tried + 1 == kFetchTries) {
                return fail(key, ErrorCode::kInputUnavailable, error.what());
            }
        }
        if (!runtime::pause(stop, backoff(tried)) || !journal_.active(key)) {
            return Step::kEnded;
        }
    }
}

Runner::Step Runner::create(const AttemptKey& key, const Attempt& attempt, const Image& image) {
    const auto dirs = dirs_of(key);
    const auto spec = plan_container(attempt.assignment, image, dirs);
    make_open_dir(dirs.output());
    fs::remove_all(dirs.volumes());
    make_private_dir(dirs.volumes());
    for (const auto& volume : spec.volumes) {
        make_open_dir(volume.source);
    }
    try {
        engine_.create(spec);  // false: a process before us made it; it is the same container
    } catch (const EngineError& error) {
        return fail(key, error.status() == 404 ? ErrorCode::kImageUnavailable : ErrorCode::kStartFailed,
                    error.what());
    }
    crash_point("agent.container.created");
    return Step::kGoOn;
}

Runner::Step Runner::start(const AttemptKey& key) {
    if (!journal_.active(key)) {
        return Step::kEnded;
    }
    for (int tries = 1;; ++tries) {
        try {
            engine_.start(key.container());
            return Step::kGoOn;
        } catch (const EngineError& error) {
            // A name is taken before its container is there: one that a process before us was making when it
            // died.
            if (error.status() != 404 || tries == kStartTries) {
                return fail(key, ErrorCode::kStartFailed, error.what());
            }
        }
        clock_.sleep({}, kStartPause);
    }
}

Runner::Step Runner::follow(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto& requirements = attempt.assignment.requirements;
    const auto limit =
        std::chrono::duration_cast<Millis>(std::chrono::seconds(requirements.time_limit_seconds));
    const auto state = engine_.inspect(key.container());
    const auto started = state && state->started_at ? *state->started_at : clock_.now();
    // The engine's clock says how much is left, ours only how long we wait: a jump later on changes nothing.
    const auto left = std::clamp(limit - (clock_.now() - started), Millis(0), limit);
    const auto deadline = clock_.steady() + left;
    std::optional<Written> excess = attempt.excess;
    const DiskWatch disk(engine_, key.container(), dirs_of(key), clock_, log_);
    for (;;) {
        const auto remaining = std::chrono::duration_cast<Millis>(deadline - clock_.steady()) + Millis(1);
        const bool ended = engine_.wait(key.container(), std::clamp(remaining, Millis(50), kLook));
        if (!journal_.active(key)) {
            engine_.remove(key.container());
            log_.info("stopped a retracted attempt", {{"container", key.container()}});
            return Step::kEnded;
        }
        publish_logs(key);
        if (ended) {
            return Step::kGoOn;
        }
        if (stop.stop_requested()) {
            return Step::kEnded;
        }
        if (const auto written = disk.last(); !excess && over_limit(written, requirements)) {
            // Noted first: the job may delete what it wrote before the signal arrives.
            journal_.update(key, [&](Attempt& entry) { entry.excess = written; });
            crash_point("agent.excess.recorded");
            excess = written;
        }
        if (excess || clock_.steady() >= deadline) {
            engine_.kill(key.container());
        }
    }
}

/// The engine may tell of the end before it tells that memory was the cause.
std::optional<ContainerState> Runner::inspect_ended(const AttemptKey& key) {
    constexpr int kKilled = 128 + 9;
    auto state = engine_.inspect(key.container());
    for (int looks = 1; looks < kOomLooks && state && state->exit_code == kKilled && !state->oom_killed;
         ++looks) {
        clock_.sleep({}, kOomPause);
        state = engine_.inspect(key.container());
    }
    return state;
}

void Runner::conclude(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto state = inspect_ended(key);
    if (!state || !state->ended()) {
        fail(key, ErrorCode::kInternal,
             state ? "its container is " + state->status : "its container is gone");
        return;
    }
    const auto& requirements = attempt.assignment.requirements;
    Ended ended;
    ended.exit_code = state->exit_code;
    ended.oom_killed = state->oom_killed;
    if (state->started_at && state->finished_at) {
        ended.duration = *state->finished_at - *state->started_at;
    }
    if (state->exit_code != 0 && !engine_.takes_connections()) {
        journal_.update(key, [](Attempt& entry) { entry.engine_lost = true; });
    }
    const auto entry = journal_.find(key);
    ended.engine_lost = entry && entry->engine_lost;
    try {
        ended.written = entry && entry->excess
                            ? *entry->excess
                            : measure_written(engine_, key.container(), dirs_of(key), stop);
    } catch (const EngineError& error) {
        fail(key, ErrorCode::kInternal, error.what(), state->exit_code);
        return;
    } catch (const net::TransportError&) {
        if (stop.stop_requested()) {
            return;
        }
        throw;
    }
    if (stop.stop_requested()) {
        return;  // not all may have been counted
    }
    const auto outcome = judge(ended, requirements);
    if (outcome.error) {
        fail(key, *outcome.error, outcome.message, state->exit_code);
        return;
    }
    complete(key, attempt, *state, stop);
}

void Runner::complete(const AttemptKey& key, const Attempt& attempt, const ContainerState& state,
                      const std::stop_token& stop) {
    const std::string output = dirs_of(key).output();
    std::optional<Cid> cid;
    for (int tried = 0; !cid; ++tried) {
        try {
            if (const auto entry = unstorable_entry(output)) {
                fail(key, ErrorCode::kRefused, "the output holds neither file nor folder: " + *entry,
                     state.exit_code);
                return;
            }
            cid = content_.put_directory(output);
        } catch (const std::invalid_argument& error) {
            // Too many entries in a folder, or too deep. Tried again, it would hold its slot for ever.
            fail(key, ErrorCode::kRefused, without_path(error.what(), dirs_of(key).root), state.exit_code);
            return;
        } catch (const std::system_error& error) {
            fail(key, code_of(error), "the output cannot be read: " + error.code().message(),
                 state.exit_code);
            return;
        } catch (const ipfs::Mismatch& error) {
            fail(key, ErrorCode::kStoreFailed, error.what(), state.exit_code);
            return;
        } catch (const ipfs::Unavailable& error) {
            if (tried + 1 == kStoreTries) {
                fail(key, ErrorCode::kStoreFailed, error.what(), state.exit_code);
                return;
            }
            if (!runtime::pause(stop, backoff(tried)) || !journal_.active(key)) {
                return;
            }
        }
    }
    crash_point("agent.output.stored");
    wire::Receipt receipt;
    receipt.job_id = key.job;
    receipt.attempt = key.attempt;
    receipt.image_digest = digest_of(attempt.assignment.docker_image, state.image_id);
    receipt.input_file_cid = attempt.assignment.input_file_cid.value_or("");
    receipt.output_file_cid = cid->to_string();
    const auto started = state.started_at.value_or(Timestamp{});
    receipt.started_at = to_rfc3339(started);
    // The engine notes the start after it happened: a short life seems to end before it.
    receipt.ended_at = to_rfc3339(std::max(started, state.finished_at.value_or(started)));
    receipt.exit_code = state.exit_code;
    StatusDetails details;
    details.output_file_cid = receipt.output_file_cid;
    details.exit_code = state.exit_code;
    details.receipt = receipt;
    journal_.update(key, [&](Attempt& entry) {
        if (entry.active()) {
            statuses_.add(entry, StatusKind::kCompleted, details);
        }
    });
    crash_point("agent.final.recorded");
    metrics_.counter("lamda_agent_attempts_total", "Attempts that ended", {{"result", "completed"}}).add();
    log_.info("completed",
              {{"job", key.job.hex()}, {"attempt", key.attempt}, {"output", receipt.output_file_cid}});
}

Runner::Step Runner::fail(const AttemptKey& key, ErrorCode code, const std::string& message,
                          std::optional<std::int32_t> exit_code) {
    StatusDetails details;
    details.error_code = code;
    details.error_message = message;
    details.exit_code = exit_code;
    journal_.update(key, [&](Attempt& entry) {
        if (entry.active()) {
            statuses_.add(entry, StatusKind::kFailed, details);
        }
    });
    crash_point("agent.final.recorded");
    const std::string result(wire::to_string(code));
    metrics_.counter("lamda_agent_attempts_total", "Attempts that ended", {{"result", result}}).add();
    log_.warn("failed",
              {{"job", key.job.hex()}, {"attempt", key.attempt}, {"error", result}, {"reason", message}});
    return Step::kEnded;
}

}  // namespace lamda::agent
