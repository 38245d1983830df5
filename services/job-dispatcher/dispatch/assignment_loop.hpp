// The judge: jobs that are final, and what they wait for, become assignments. The row is the command;
// notifications only say "look now".
#pragma once

#include <stop_token>

#include "services/job-dispatcher/bus/bus_setup.hpp"
#include "services/job-dispatcher/bus/status_catch_up.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::dispatch {

class AssignmentLoop {
  public:
    AssignmentLoop(store::Database& database, BusSetup& setup, Deployment& deployment,
                   const StreamProgress& progress, const StatusCatchUp& catch_up, const Clock& clock,
                   telemetry::Log log, telemetry::Metrics& metrics);
    void run(const std::stop_token& stop);
    /// One pass over at most `most` jobs; how many were looked at. Judges nothing before the chain is read up
    /// to its head and the statuses of a former database are read. @throws bus and store errors
    std::size_t pass(std::size_t most);
    /// Sends what waited after a transient failure and is due; how many. Under the same conditions.
    std::size_t send_due(std::size_t most);

  private:
    bool may_judge() const { return progress_.caught_up() && catch_up_.done(); }

    store::Database& database_;
    BusSetup& setup_;
    Deployment& deployment_;
    const StreamProgress& progress_;
    const StatusCatchUp& catch_up_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter assigned_;
    telemetry::Counter sent_again_;
};

}  // namespace lamda::dispatch
