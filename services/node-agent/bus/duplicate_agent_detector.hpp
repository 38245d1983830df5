// Detects another agent with the same key and another state folder by its heartbeats. Agents with the same
// folder are excluded by the folder's lock.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "eth/codec/typed_data.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Two agents with one key share the provider's durables: each receives half of the assignments and of the
/// retractions, both use the same status numbers and the same nonces. Only an operator can decide which one
/// to stop. Until then both defer new work and finish their active attempts. Thread-safe.
class DuplicateAgentDetector {
  public:
    /// Time without a heartbeat after which the other agent counts as stopped: four heartbeat intervals.
    static constexpr Millis kSilence{20'000};

    /// @param instance identifies this process's own heartbeats
    /// @param started_at heartbeats with smaller numbers are replays from before this process
    DuplicateAgentDetector(const Address& provider, std::string instance, std::uint64_t started_at,
                           const Clock& clock, telemetry::Log log, telemetry::Health& health);

    const std::string& instance() const { return instance_; }
    /// Evaluates a message on the provider's heartbeat subject. Returns true if the message reveals a
    /// duplicate agent that was not known: the caller then sends a heartbeat at once. Ignores heartbeats
    /// that name no instance, are not signed for `market`, or are not newer than earlier ones.
    bool observe(std::string_view message, const eth::Eip712Domain& market);
    /// True if a duplicate agent was seen within kSilence. Updates the check `alone`.
    bool present();

  private:
    Address provider_;
    std::string instance_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    std::mutex mutex_;
    std::uint64_t newest_;             ///< highest seq seen
    std::optional<Steady> last_seen_;  ///< nullopt: no duplicate agent
};

}  // namespace lamda::agent
