// Applies agents' signed statuses from the STATUS stream to the jobs.
#pragma once

#include <stop_token>

#include "services/job-dispatcher/bus/bus_setup.hpp"
#include "services/job-dispatcher/bus/status_catch_up.hpp"
#include "services/job-dispatcher/bus/status_share.hpp"
#include "services/job-dispatcher/bus/statuses.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "telemetry/context.hpp"
#include "telemetry/log_limit.hpp"

namespace lamda::dispatch {

class StatusLoop {
  public:
    StatusLoop(store::Database& database, bus::Bus& bus, BusSetup& setup, Deployment& deployment,
               const StreamProgress& progress, StatusCatchUp& catch_up, const telemetry::Context& context);
    void run(const std::stop_token& stop);
    /// True if the stream was drained within the last `within`, except for statuses beyond a provider's
    /// share. Silence is then the agent's.
    bool up_to_date(Millis within) const;

  private:
    enum class Next { kAck, kLater, kOver };
    /// Reads until stopped or until the bus fails: a stream or durable that was deleted is created again at
    /// the next call. @throws bus::Unavailable, bus::Refused
    void read(const std::stop_token& stop);
    Next handle(const bus::Message& message);
    Next apply(const bus::Message& message);
    /// Acknowledges a recorded final status to its agent. Best effort: the agent repeats it otherwise.
    void confirm(const wire::JobStatus& status);
    Next refuse(const bus::Message& message, const std::string& reason);
    Next drop(const Address& provider);
    void count(std::string_view outcome);

    store::Database& database_;
    bus::Bus& bus_;
    BusSetup& setup_;
    Deployment& deployment_;
    const StreamProgress& progress_;
    StatusCatchUp& catch_up_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Counter refused_;
    std::optional<Policy> policy_;
    StatusShare share_;
    telemetry::LogLimit drops_{Millis(10'000)};
    std::atomic<std::int64_t> drained_at_;
};

}  // namespace lamda::dispatch
