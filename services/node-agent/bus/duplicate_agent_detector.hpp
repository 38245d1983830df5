// Another agent that works with the same key, in a folder of its own: a folder's lock keeps away those on
// this machine that share it, nothing but their heartbeats shows the others.
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

/// Two agents with one key would share the provider's durables, so that each sees half of the assignments and
/// half of the retractions, number statuses alike, and spend the same nonces. Which of them is the right one
/// only a person can say: both take no new work as long as they hear each other. What they have begun they
/// finish. Thread-safe.
class DuplicateAgentDetector {
  public:
    /// As long as four heartbeats: one that was quiet for so long is taken to be gone.
    static constexpr Millis kSilence{20'000};

    /// @param instance tells this process's heartbeats from all others
    /// @param started_at heartbeats of smaller numbers are older than this process: replays
    DuplicateAgentDetector(const Address& provider, std::string instance, std::uint64_t started_at,
                           const Clock& clock, telemetry::Log log, telemetry::Health& health);

    const std::string& instance() const { return instance_; }
    /// A message on the provider's heartbeat subject. True when it shows a twin where none was known: that
    /// one should hear of us at once. Heartbeats that name no instance, are not signed for this market, or
    /// are not newer than those heard before show nothing.
    bool hear(std::string_view message, const eth::Eip712Domain& market);
    /// Whether a twin was heard within kSilence. Keeps the check `alone`.
    bool present();

  private:
    Address provider_;
    std::string instance_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    std::mutex mutex_;
    std::uint64_t newest_;         ///< seq
    std::optional<Steady> heard_;  ///< nullopt: alone
};

}  // namespace lamda::agent
