// Repeats final statuses until the dispatcher has applied them, and reports that retracted attempts have
// stopped.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/bus/agent_terms.hpp"
#include "services/node-agent/bus/status_publisher.hpp"
#include "services/node-agent/state/owed_status.hpp"
#include "telemetry/context.hpp"

namespace lamda::agent {

class StatusRepeater {
  public:
    StatusRepeater(Journal& journal, bus::Bus& bus, const StatusWriter& statuses, const AgentTerms& terms,
                   const telemetry::Context& context);
    /// Runs until stopped; receives the dispatcher's acknowledgements meanwhile.
    void run(const std::stop_token& stop);
    /// Records an acknowledgement; ignores one that it cannot read.
    void acknowledged(const bus::Message& message);
    /// Writes due reports, and sends the statuses that are due. @throws bus::Unavailable, DiskError
    void pass();

  private:
    void write_reports();
    void send(const std::vector<OwedStatus>& statuses);

    Journal& journal_;
    bus::Bus& bus_;
    const StatusWriter& statuses_;
    const AgentTerms& terms_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter repeated_;
    telemetry::Gauge owed_;
    RepeatSchedule schedule_;
};

}  // namespace lamda::agent
