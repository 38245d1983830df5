// Creates streams and durables before the first message that needs them. Polls the server, so that deleted
// ones are created again within seconds.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <stop_token>

#include "bus/bus.hpp"
#include "core/ids.hpp"
#include "core/wakeup.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::dispatch {

/// Callbacks to the owner of the state from which messages are restored.
struct BusContents {
    /// Returns providers whose durables must exist, apart from those given to ensure_provider().
    std::function<std::vector<Address>()> providers;
    /// Puts the messages of lost streams into the outbox. Called before the streams are created again, so
    /// that a crash in between loses nothing.
    std::function<void(const std::set<std::string>& streams)> restore;
};

/// Thread-safe.
class BusSetup {
  public:
    /// @param status_bytes size limit of STATUS
    BusSetup(bus::Bus& bus, std::int64_t status_bytes, BusContents contents, telemetry::Log log,
             telemetry::Metrics& metrics, telemetry::Health& health);
    /// Polls every two seconds, after poll_soon() and after each connection. Takes the bus's only
    /// on_change(). The health check `streams` names missing streams and durables.
    void run(const std::stop_token& stop);
    /// Lists the server's streams and durables, and creates the missing ones: JOBS, RETRACT, STATUS, LOGS,
    /// EVENTS, and both durables of each provider. @throws bus::Unavailable, bus::Refused
    void poll_once();
    /// Wakes run(), after a failed publish or fetch.
    void poll_soon();
    /// Creates both durables of a provider. @throws as poll_once
    void ensure_provider(const Address& provider);
    /// True if both durables of the provider exist, as far as known. Does not wait: false while another
    /// thread talks to the server.
    bool has_provider(const Address& provider);

    struct Missing {
        std::string stream;
        std::optional<Address> durable;  ///< the provider's; absent: the stream itself
    };

  private:
    std::vector<Missing> find_missing();
    /// poll_once() under the lock.
    void complete();
    /// Applies the limits of this release to existing streams, once for each process.
    void update();
    void report_lost(const std::vector<Missing>& missing);
    void report_failure(const std::string& reason);
    void restore(const std::vector<Missing>& missing);
    void create(const Missing& missing);

    bus::Bus& bus_;
    std::int64_t status_bytes_;
    BusContents contents_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
    std::mutex mutex_;
    std::string missing_;          ///< result of the last poll, as text
    bool complete_ = false;        ///< nothing was missing at the last poll: what is missing now was deleted
    bool updated_ = false;         ///< update() is done
    bool restored_ = false;        ///< messages of the streams that are missing now are in the outbox
    std::set<Address> providers_;  ///< their durables must exist
    Wakeup wakeup_;
};

}  // namespace lamda::dispatch
