// Publishes a signed heartbeat with the agent's load every five seconds, and watches for duplicate agents.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/bus/agent_terms.hpp"
#include "services/node-agent/state/heartbeat_sequence.hpp"
#include "services/node-agent/state/journal.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::agent {

/// Heartbeats are signed for this agent's market: none is sent before the chain id is known.
class HeartbeatLoop {
  public:
    HeartbeatLoop(bus::Bus& bus, const Journal& journal, const crypto::Signer& signer,
                  const AgentTerms& terms, HeartbeatSequence& sequence, const WorkGate& gate,
                  const Clock& clock, telemetry::Metrics& metrics);
    void run(const std::stop_token& stop);

  private:
    void beat();
    std::optional<eth::Eip712Domain> domain() const;
    std::string notice(bool draining) const;

    bus::Bus& bus_;
    const Journal& journal_;
    const crypto::Signer& signer_;
    HeartbeatSequence& sequence_;
    const AgentTerms terms_;
    const WorkGate gate_;
    const Clock& clock_;
    telemetry::Gauge running_;
    telemetry::Gauge waiting_;
    std::mutex beating_;  ///< heartbeats are sent in the order of their numbers
    std::string last_notice_;
    unsigned beats_since_notice_ = 0;
};

}  // namespace lamda::agent
