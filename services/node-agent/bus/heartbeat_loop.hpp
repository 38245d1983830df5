// Publishes a signed heartbeat with the agent's load every five seconds, and watches for duplicate agents.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/bus/duplicate_agent_detector.hpp"
#include "services/node-agent/bus/settings_watch.hpp"
#include "services/node-agent/onchain/bsc_identity.hpp"
#include "services/node-agent/state/heartbeat_sequence.hpp"
#include "services/node-agent/state/journal.hpp"
#include "services/node-agent/state/retry_schedule.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::agent {

/// Heartbeats are signed for this agent's market: none is sent before the chain id is known.
class HeartbeatLoop {
  public:
    HeartbeatLoop(bus::Bus& bus, const Journal& journal, const crypto::Signer& signer,
                  const BscIdentity& identity, const Address& job_manager, HeartbeatSequence& sequence,
                  std::size_t capacity, const RetrySchedule& retries, DuplicateAgentDetector& duplicates,
                  SettingsWatch& settings, const Clock& clock, telemetry::Metrics& metrics);
    void run(const std::stop_token& stop);

  private:
    void beat();
    std::optional<eth::Eip712Domain> domain() const;

    bus::Bus& bus_;
    const Journal& journal_;
    const crypto::Signer& signer_;
    const BscIdentity& identity_;
    Address job_manager_;
    HeartbeatSequence& sequence_;
    std::size_t capacity_;
    const RetrySchedule& retries_;
    DuplicateAgentDetector& duplicates_;
    SettingsWatch& settings_;
    const Clock& clock_;
    telemetry::Gauge running_;
    telemetry::Gauge waiting_;
    std::mutex beating_;  ///< heartbeats are sent in the order of their numbers
};

}  // namespace lamda::agent
