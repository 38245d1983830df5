// Heartbeats on the bus: verified and gathered as they come, written together.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
#include "services/node-registry/ingest/node_store.hpp"
#include "services/node-registry/presence/heartbeat_refusals.hpp"
#include "telemetry/health.hpp"

namespace lamda::registry {

class PresenceLoop {
  public:
    PresenceLoop(store::Database& database, Millis offline_after, const Clock& clock,
                 const telemetry::Log& log, telemetry::Metrics& metrics, telemetry::Health& health);
    /// From the subscription's thread. Never throws. Heartbeats that are malformed, not signed by the
    /// subject's provider for this market, or not newer than the newest accepted one are counted and logged,
    /// not stored. Before the market is known all are dropped: agents send the next one soon.
    void take(const bus::Message& message);
    /// Writes every quarter of a second what came, and tells every second who came or went. Until stopped.
    void run(const std::stop_token& stop);
    /// @throws store errors; what was taken is kept for the next time
    void flush();
    /// Reads the market from the job dispatcher's record. @throws store errors
    void learn_market();

  private:
    store::Database& database_;
    Millis offline_after_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    telemetry::Counter heartbeats_;
    HeartbeatRefusals refusals_;
    std::mutex mutex_;
    std::optional<eth::Eip712Domain> market_;
    std::map<Address, Presence> presences_;    ///< since the last flush
    std::map<Address, std::uint64_t> newest_;  ///< seq; of registered providers
};

}  // namespace lamda::registry
