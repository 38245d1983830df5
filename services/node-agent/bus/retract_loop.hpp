// Consumes retractions from the bus, independent of the agent's other loops.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/state/journal.hpp"
#include "telemetry/health.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::agent {

class RetractLoop {
  public:
    RetractLoop(bus::Bus& bus, Journal& journal, Executor& executor, const Address& provider,
                telemetry::Log log, telemetry::Metrics& metrics, telemetry::Health& health);
    void run(const std::stop_token& stop);

  private:
    void consume(const std::stop_token& stop);
    void handle(bus::Consumer& consumer, const bus::Message& message);

    bus::Bus& bus_;
    Journal& journal_;
    Executor& executor_;
    Address provider_;
    telemetry::Log log_;
    telemetry::Counter retractions_;
    telemetry::Health& health_;
};

}  // namespace lamda::agent
