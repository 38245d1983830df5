// Executor in memory, without an engine: for tests of what the runner requires of any executor.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "services/node-agent/executor/executor.hpp"

namespace lamda::agent::test {

/// Work ends with exit code 0 at the first wait(), unless `on_wait` is set. Not thread-safe, apart from
/// bytes_elsewhere().
class FakeExecutor final : public Executor {
  public:
    bool away = false;                  ///< every call throws ExecutorUnavailable
    bool shuts_down = false;            ///< takes no connections
    std::optional<StepFailure> refuse;  ///< the answer of obtain()
    std::optional<AttemptKey> irremovable;
    std::function<void(WorkEnd&, bool& ended)> on_wait = [](WorkEnd&, bool& ended) { ended = true; };
    std::function<std::uint64_t(const std::stop_token&)> on_count = [](const auto&) { return 0; };
    int starts = 0;

    struct Work {
        bool started = false;
        bool ended = false;
        WorkEnd end{"sha256:model", 0, false, Timestamp{}, Timestamp{}};
    };
    std::map<AttemptKey, Work> works;

    std::string_view noun() const override { return "inference"; }
    bool takes_connections() const override { return !away && !shuts_down; }
    Machine machine() override {
        answer();
        return {};
    }
    std::optional<Failure> lack(const wire::Requirements&) override { return std::nullopt; }
    std::variant<Environment, StepFailure> obtain(const wire::Assignment&, const std::stop_token&) override {
        answer();
        if (refuse) {
            return *refuse;
        }
        return Environment{"sha256:model"};
    }
    std::optional<StepFailure> create(const wire::Assignment& assignment, const Environment&,
                                      const JobDirs&) override {
        answer();
        works.try_emplace({assignment.job_id, assignment.attempt});
        return std::nullopt;
    }
    std::optional<StepFailure> start(const wire::Assignment& assignment) override {
        answer();
        works.at({assignment.job_id, assignment.attempt}).started = true;
        ++starts;
        return std::nullopt;
    }
    std::optional<WorkState> find(const AttemptKey& key) override {
        answer();
        const auto found = works.find(key);
        return found == works.end() ? std::nullopt : std::optional(WorkState{found->second.started, "known"});
    }
    bool wait(const AttemptKey& key, Millis) override {
        answer();
        auto& work = works.at(key);
        on_wait(work.end, work.ended);
        return work.ended;
    }
    std::variant<WorkEnd, Failure> end(const wire::Assignment& assignment) override {
        answer();
        return works.at({assignment.job_id, assignment.attempt}).end;
    }
    void kill(const AttemptKey& key) override { works.at(key).ended = true; }
    void remove(const AttemptKey& key) override {
        answer();
        if (key == irremovable) {
            throw ExecutorError("removal failed", "device busy");
        }
        works.erase(key);
    }
    void remove_strays(const std::function<bool(const AttemptKey&)>& needed) override {
        answer();
        std::erase_if(works, [&](const auto& work) { return !needed(work.first); });
    }
    std::vector<LogLine> logs(const AttemptKey&, const LogPosition&, std::size_t) override { return {}; }
    std::uint64_t bytes_elsewhere(const AttemptKey&, std::uint64_t, const std::stop_token& stop) override {
        return on_count(stop);
    }

  private:
    void answer() const {
        if (away) {
            throw ExecutorUnavailable("no answer");
        }
    }
};

}  // namespace lamda::agent::test
