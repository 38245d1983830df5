// Stores containers' logs from the LOGS stream. Best effort: on a thread, a durable and a table of its own.
#pragma once

#include <stop_token>

#include "services/job-dispatcher/bus/bus_setup.hpp"
#include "services/job-dispatcher/bus/log_share.hpp"
#include "services/job-dispatcher/bus/logs.hpp"
#include "store/session_lock.hpp"
#include "telemetry/context.hpp"

namespace lamda::dispatch {

/// One instance at a time stores logs, so that chunks become visible in the order of the stream. Another one
/// takes over when the database session of the first ends.
class LogLoop {
  public:
    /// @param keep age at which a chunk is deleted
    LogLoop(store::Database& database, bus::Bus& bus, BusSetup& setup, Millis keep,
            const telemetry::Context& context);
    void run(const std::stop_token& stop);

  private:
    /// Reads until stopped, or until the bus or the lock fails. @throws bus::Unavailable, bus::Refused
    void read(const std::stop_token& stop);
    void store_batch(const std::vector<bus::Message>& messages);
    void delete_old();
    void count(const char* outcome, std::uint64_t chunks);

    store::Database& database_;
    bus::Bus& bus_;
    BusSetup& setup_;
    Millis keep_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    store::SessionLock lock_;
    LogShare share_;
    Steady deletion_due_{};
};

}  // namespace lamda::dispatch
