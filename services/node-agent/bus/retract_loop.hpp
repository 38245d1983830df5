// Consumes retractions from the bus, independent of the agent's other loops.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/bus/agent_terms.hpp"
#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/state/assignment_decision.hpp"
#include "telemetry/context.hpp"
#include "telemetry/log_limit.hpp"

namespace lamda::agent {

class RetractLoop {
  public:
    RetractLoop(bus::Bus& bus, Journal& journal, Executor& executor, const AgentTerms& terms,
                const telemetry::Context& context);
    void run(const std::stop_token& stop);

  private:
    void consume(const std::stop_token& stop);
    void handle(bus::Consumer& consumer, const bus::Message& message);
    /// Handles a retraction of another chain or contract, which gets no signed answer.
    void refuse(const wire::Retraction& retraction, RetractionDecision decision);
    void apply(bus::Consumer& consumer, const bus::Message& message, const wire::Retraction& retraction);

    bus::Bus& bus_;
    Journal& journal_;
    Executor& executor_;
    const AgentTerms& terms_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter retractions_;
    telemetry::Counter refused_;
    telemetry::LogLimit refusals_{Millis(60'000)};
    telemetry::Health& health_;
};

}  // namespace lamda::agent
