// Consumes assignments from the bus: records each on disk, then acknowledges it; the runner runs it.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/bus/duplicate_agent_detector.hpp"
#include "services/node-agent/bus/settings_watch.hpp"
#include "services/node-agent/bus/status_publisher.hpp"
#include "services/node-agent/onchain/bsc_identity.hpp"
#include "services/node-agent/state/assignment_decision.hpp"
#include "services/node-agent/state/retry_schedule.hpp"
#include "telemetry/health.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::agent {

class AssignmentLoop {
  public:
    AssignmentLoop(bus::Bus& bus, Journal& journal, const StatusWriter& statuses, const BscIdentity& identity,
                   const Address& provider, const Address& job_manager, std::size_t capacity,
                   const RetrySchedule& retries, DuplicateAgentDetector& duplicates, SettingsWatch& settings,
                   const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics,
                   telemetry::Health& health);
    void run(const std::stop_token& stop);

  private:
    void consume(const std::stop_token& stop);
    void handle(bus::Consumer& consumer, const bus::Message& message);
    void accept(const wire::Assignment& assignment, const Verdict& verdict);

    bus::Bus& bus_;
    Journal& journal_;
    const StatusWriter& statuses_;
    const BscIdentity& identity_;
    Address provider_;
    Address job_manager_;
    std::size_t capacity_;
    const RetrySchedule& retries_;
    DuplicateAgentDetector& duplicates_;
    SettingsWatch& settings_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
};

}  // namespace lamda::agent
