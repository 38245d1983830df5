// Tracks assignments that contradict this agent's settings: another chain or another contract.
#pragma once

#include <map>
#include <mutex>

#include "core/clock.hpp"
#include "services/node-agent/state/journal.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Either the agent or the dispatcher is misconfigured; only an operator can decide which. The assignment is
/// returned to the bus and redelivered, so no assignment is lost. Until it is retracted or matches, the check
/// `settings` is not ok and the agent announces capacity 0. Thread-safe.
class SettingsWatch {
  public:
    /// Delay after which the bus redelivers such an assignment.
    static constexpr Millis kRedeliverAfter{15'000};
    /// Time without a redelivery after which the assignment counts as gone.
    static constexpr Millis kSilence{4 * kRedeliverAfter};

    SettingsWatch(const Clock& clock, telemetry::Log log, telemetry::Health& health);

    /// Records that the assignment contradicts the settings.
    /// @param reason names the setting; detail of the check
    void contradicts(const AttemptKey& key, const std::string& reason);
    /// Records that the assignment was delivered and does not contradict the settings.
    void settled(const AttemptKey& key);
    /// True while the redelivery of a contradicting assignment is expected. Updates the check.
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
