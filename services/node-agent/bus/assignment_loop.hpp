// Consumes assignments from the bus: records each on disk, then acknowledges it; the runner runs it.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/bus/agent_terms.hpp"
#include "services/node-agent/bus/status_publisher.hpp"
#include "services/node-agent/state/assignment_decision.hpp"
#include "telemetry/context.hpp"

namespace lamda::agent {

class AssignmentLoop {
  public:
    AssignmentLoop(bus::Bus& bus, Journal& journal, const StatusWriter& statuses, const AgentTerms& terms,
                   const WorkGate& gate, const telemetry::Context& context);
    void run(const std::stop_token& stop);

  private:
    void consume(const std::stop_token& stop);
    void handle(bus::Consumer& consumer, const bus::Message& message);
    void accept(const wire::Assignment& assignment, const Verdict& verdict);

    bus::Bus& bus_;
    Journal& journal_;
    const StatusWriter& statuses_;
    const AgentTerms terms_;
    const WorkGate gate_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
};

}  // namespace lamda::agent
