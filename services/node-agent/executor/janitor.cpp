#include "services/node-agent/executor/janitor.hpp"

#include <charconv>
#include <filesystem>

#include "core/crash_point.hpp"
#include "runtime/app.hpp"
#include "services/node-agent/executor/docker/container_plan.hpp"
#include "services/node-agent/state/assignment_decision.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

constexpr Millis kStraysEvery{60'000};
constexpr auto kRetention = std::chrono::hours(24 * 30);

std::optional<AttemptKey> key_of(const std::string& job, const std::string& attempt) {
    const auto id = JobId::parse(job);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(attempt.data(), attempt.data() + attempt.size(), number);
    if (!id || error != std::errc{} || end != attempt.data() + attempt.size()) {
        return std::nullopt;
    }
    return AttemptKey{*id, number};
}

}  // namespace

Janitor::Janitor(Journal& journal, DockerEngine& engine, std::string jobs_dir, const Address& provider,
                 const Clock& clock, telemetry::Log log)
    : journal_(journal),
      engine_(engine),
      jobs_dir_(std::move(jobs_dir)),
      provider_(provider),
      clock_(clock),
      log_(std::move(log)) {}

void Janitor::run(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    std::optional<Steady> last;
    while (!stop.stop_requested()) {
        seen = journal_.wait_change(seen, Millis(0));
        clean_ended();
        if (!last || clock_.steady() - *last >= kStraysEvery) {
            clean_strays();
            journal_.prune(clock_.now() - kRetention);
            last = clock_.steady();
        }
        journal_.wait_change(seen, Millis(500));
    }
}

void Janitor::clean_ended() {
    const auto ended = journal_.select([](const Attempt& attempt) {
        return !attempt.active() && attempt.outbox.empty() && !attempt.cleaned;
    });
    for (const auto& key : ended) {
        if (output_kept(key)) {
            continue;
        }
        engine_.remove(key.container());
        fs::remove_all(fs::path(jobs_dir_) / key.name());
        crash_point("agent.cleaned");
        journal_.update(key, [](Attempt& attempt) { attempt.cleaned = true; });
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
    for (const auto& container : engine_.list(std::string(kProviderLabel) + "=" + provider_.hex())) {
        const auto label = [&](const char* name) {
            const auto found = container.labels.find(name);
            return found == container.labels.end() ? std::string() : found->second;
        };
        // Another agent with this key and another folder may use the same engine. Containers of version 0.1.0
        // have no folder label.
        if (const auto folder = label(kFolderLabel);
            !folder.empty() && !folder.starts_with(jobs_dir_ + "/")) {
            continue;
        }
        const auto key = key_of(label(kJobLabel), label(kAttemptLabel));
        if (!key || !needed(*key)) {
            log_.info("removing stray container", {{"id", container.id}});
            engine_.remove(container.id);
        }
    }
    for (const auto& entry : fs::directory_iterator(jobs_dir_)) {
        const auto name = entry.path().filename().string();
        const auto dash = name.rfind('-');
        const auto key =
            dash == std::string::npos ? std::nullopt : key_of(name.substr(0, dash), name.substr(dash + 1));
        if (key && !needed(*key)) {
            fs::remove_all(entry.path());
        }
    }
}

}  // namespace lamda::agent
