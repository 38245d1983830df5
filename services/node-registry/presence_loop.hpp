// Heartbeats on the bus: gathered as they come, written together.
#pragma once

#include <map>
#include <mutex>
#include <stop_token>

#include "bus/bus.hpp"
#include "node_store.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::registry {

class PresenceLoop {
  public:
    PresenceLoop(store::Database& database, Millis offline_after, const Clock& clock, telemetry::Log log,
                 telemetry::Metrics& metrics);
    /// From the subscription's thread. Never throws. What is malformed or of another provider than its
    /// subject's goes to the dead letters (at most a thousand between two flushes).
    void take(const bus::Message& message);
    /// Writes every quarter of a second what came, and tells every second who came or went. Until stopped.
    void run(const std::stop_token& stop);
    /// @throws store errors; what was taken is kept for the next time
    void flush();

  private:
    struct Refused {
        std::string subject;
        std::string body;
        std::string reason;
    };

    store::Database& database_;
    Millis offline_after_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter heartbeats_;
    telemetry::Counter refusals_;
    std::mutex mutex_;
    std::map<Address, Presence> presences_;
    std::vector<Refused> refused_;
};

}  // namespace lamda::registry
