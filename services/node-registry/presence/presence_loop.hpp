// Verifies heartbeats from the bus, collects the newest ones and writes them in batches.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
#include "core/token_buckets.hpp"
#include "services/node-registry/ingest/node_store.hpp"
#include "services/node-registry/presence/heartbeat_refusals.hpp"
#include "telemetry/health.hpp"
#include "wire/heartbeat_check.hpp"

namespace lamda::registry {

class PresenceLoop {
  public:
    PresenceLoop(store::Database& database, Millis offline_after, const Clock& clock,
                 const telemetry::Log& log, telemetry::Metrics& metrics, telemetry::Health& health);
    /// Called on the subscription's thread. Never throws. Refuses, counts and logs heartbeats that are
    /// beyond the provider's share, malformed, not signed by the subject's provider for this deployment, or
    /// not newer than the newest accepted one. Drops all until the deployment is known: agents send the next
    /// one soon.
    void take(const bus::Message& message);
    /// Until stopped: writes the collected heartbeats every 250 ms, and compares the nodes every second. At
    /// first records history, without events.
    void run(const std::stop_token& stop);
    /// Writes the collected heartbeats. @throws store errors; the heartbeats are kept for the next call
    void flush();
    /// Puts events and records history for nodes whose presence has changed, and deletes old history. @throws
    /// store errors
    void compare();
    /// Reads the deployment from the job dispatcher's record. @throws store errors
    void read_deployment();

  private:
    /// The heartbeat's notice in the form that is stored; absent: none, or one that is refused. A refused
    /// notice is counted as a refused heartbeat; the heartbeat itself counts.
    std::optional<std::string> notice_of(const wire::Heartbeat& heartbeat, const eth::Eip712Domain& domain,
                                         const std::string& subject);

    store::Database& database_;
    Millis offline_after_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    telemetry::Counter heartbeats_;
    HeartbeatRefusals refusals_;
    TokenBuckets<Address> shares_{wire::kHeartbeatBurst, wire::kHeartbeatsPerSecond};
    std::mutex mutex_;
    std::optional<eth::Eip712Domain> domain_;
    std::map<Address, Presence> presences_;    ///< received since the last flush
    std::map<Address, std::uint64_t> newest_;  ///< stored seq of each known provider
    Steady deletion_due_{};
};

}  // namespace lamda::registry
