#include "services/node-agent/executor/janitor.hpp"

#include <filesystem>
#include <system_error>

#include "core/crash_point.hpp"
#include "runtime/app.hpp"
#include "services/node-agent/executor/output.hpp"
#include "services/node-agent/state/assignment_decision.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

constexpr Millis kStraysEvery{60'000};
constexpr auto kRetention = std::chrono::hours(24 * 30);

}  // namespace

Janitor::Janitor(Journal& journal, Executor& executor, SecretFiles& secrets, std::string jobs_dir,
                 const Clock& clock)
    : journal_(journal),
      executor_(executor),
      secrets_(secrets),
      jobs_dir_(std::move(jobs_dir)),
      clock_(clock) {}

void Janitor::run(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    std::optional<Steady> last;
    while (!stop.stop_requested()) {
        seen = journal_.wait_change(seen, Millis(0));
        clean_secrets();
        clean_ended();
        if (!last || clock_.steady() - *last >= kStraysEvery) {
            journal_.prune(clock_.now() - kRetention);  // first: it needs no engine
            clean_strays();
            executor_.remove_unused();
            last = clock_.steady();
        }
        throw_failure();
        journal_.wait_change(seen, Millis(500));
    }
}

void Janitor::clean_secrets() {
    secrets_.remove_others([this](const AttemptKey& key) { return journal_.active(key); });
}

void Janitor::clean_ended() {
    const auto ended = journal_.select([](const Attempt& attempt) {
        return !attempt.active() && attempt.outbox.empty() && !attempt.cleaned;
    });
    for (const auto& key : ended) {
        if (output_kept(key)) {
            continue;
        }
        const bool gone = removed([&] {
            executor_.remove(key);
            remove_tree(jobs_dir_ + "/" + key.name());
        });
        if (gone) {
            crash_point("agent.cleaned");
            journal_.update(key, [](Attempt& attempt) { attempt.cleaned = true; });
        }
    }
}

bool Janitor::removed(const std::function<void()>& remove) {
    try {
        remove();
        return true;
    } catch (const ExecutorError&) {
        failure_ = failure_ ? failure_ : std::current_exception();
    } catch (const std::system_error&) {
        failure_ = failure_ ? failure_ : std::current_exception();
    }
    return false;
}

void Janitor::throw_failure() {
    if (failure_) {
        std::rethrow_exception(std::exchange(failure_, nullptr));
    }
}

bool Janitor::output_kept(const AttemptKey& key) const {
    const auto record = journal_.find(key.job);
    return record && keeps_output(*record, key.attempt, clock_.now());
}

bool Janitor::needed(const AttemptKey& key) const {
    const auto attempt = journal_.find(key);
    return attempt && (attempt->active() || !attempt->outbox.empty() || output_kept(key));
}

void Janitor::clean_strays() {
    executor_.remove_strays([this](const AttemptKey& key) { return needed(key); });
    for (const auto& entry : fs::directory_iterator(jobs_dir_)) {
        const auto name = entry.path().filename().string();
        const auto dash = name.rfind('-');
        const auto key = dash == std::string::npos
                             ? std::nullopt
                             : AttemptKey::parse(name.substr(0, dash), name.substr(dash + 1));
        if (key && !needed(*key)) {
            removed([&] { remove_tree(entry.path().string()); });
        }
    }
}

}  // namespace lamda::agent
