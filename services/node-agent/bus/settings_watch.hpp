// Assignments that contradict this agent's settings: another chain, another contract.
#pragma once

#include <map>
#include <mutex>

#include "core/clock.hpp"
#include "services/node-agent/state/journal.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// The agent or the dispatcher is configured wrongly; which of them, only a person can tell. The assignment
/// goes back to the bus and comes again, so nothing is lost; until it is retracted or fits, the check
/// `settings` is not ok and the agent announces no capacity. Thread-safe.
class SettingsWatch {
  public:
    /// Delay after which the bus delivers such an assignment again.
    static constexpr Millis kComeAgain{15'000};
    /// An assignment that did not come again for that long is taken to be gone.
    static constexpr Millis kSilence{4 * kComeAgain};

    SettingsWatch(const Clock& clock, telemetry::Log log, telemetry::Health& health);

    /// The assignment contradicts the settings as `reason` says.
    void contradicts(const AttemptKey& key, const std::string& reason);
    /// The assignment came and does not (any more).
    void settled(const AttemptKey& key);
    /// True while an assignment that contradicts is expected again. Keeps the check.
    bool contradicted();

  private:
    void report();

    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    std::mutex mutex_;
    std::map<AttemptKey, Steady> seen_;
};

}  // namespace lamda::agent
