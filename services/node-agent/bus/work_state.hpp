// Shared state that decides how much work the agent takes: offered resources, draining, assignments held
// back.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "core/clock.hpp"
#include "services/node-agent/bus/offer.hpp"
#include "services/node-agent/state/journal.hpp"
#include "services/node-agent/state/retry_schedule.hpp"

namespace lamda::agent {

/// Resources of the machine, as last measured. Unknown before the engine has answered: then nothing is
/// limited. Thread-safe.
class OfferedResources {
  public:
    /// @param overcommit at least 1: factor of the machine's CPUs, memory and disk
    OfferedResources(Offer limits, std::uint64_t overcommit) : limits_(limits), overcommit_(overcommit) {}
    void learn(const Machine& machine);
    bool known() const;
    /// To one job.
    Offer per_job() const;
    /// To all jobs together.
    Offer total() const;

  private:
    const Offer limits_;
    const std::uint64_t overcommit_;
    mutable std::mutex mutex_;
    Machine machine_;
    bool known_ = false;
};

/// Requirements of the active attempts, without those that pause before a retry. One whose retry is due
/// counts, although it holds no slot yet: it runs in the next free one.
Use use_of(const Journal& journal, const RetrySchedule& retries);

/// Request of the operator to take no new work: the setting AGENT_DRAIN, or a file `drain` in the state
/// folder, which may come and go while the agent runs.
class DrainSwitch {
  public:
    DrainSwitch(bool setting, std::string file) : setting_(setting), file_(std::move(file)) {}
    bool on() const;

  private:
    bool setting_;
    std::string file_;
};

/// Assignments that stay on the bus although a slot is free. Meanwhile heartbeats report no free slot, so
/// that the dispatcher's accept timeout does not advance. Thread-safe.
class HeldBack {
  public:
    explicit HeldBack(const Clock& clock) : clock_(clock) {}
    /// At least one waits for resources.
    void set_short_of_room(bool value) { short_of_room_ = value; }
    /// One was returned to the bus for `delay`.
    void postponed(Millis delay);
    bool any() const;

  private:
    const Clock& clock_;
    std::atomic<bool> short_of_room_ = false;
    mutable std::mutex mutex_;
    Steady postponed_until_{};
};

}  // namespace lamda::agent
