// Streams and durables: they must exist before the first message that needs them. The server is asked which
// exist, so that what a person or a fault has deleted is made again within seconds.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>

#include "bus/bus.hpp"
#include "core/ids.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::dispatch {

/// Callbacks to the owner of the state that the messages are made of.
struct BusContents {
    /// Providers whose durables must exist although nobody asked for them since the start.
    std::function<std::vector<Address>()> providers;
    /// Puts into the outbox what a lost stream may have held. Called before the stream is made again, so that
    /// a crash between the two loses nothing.
    std::function<void(const std::set<std::string>& streams)> restore;
};

/// Thread-safe.
class BusSetup {
  public:
    /// @param status_bytes what STATUS may hold
    BusSetup(bus::Bus& bus, std::int64_t status_bytes, BusContents contents, telemetry::Log log,
             telemetry::Metrics& metrics, telemetry::Health& health);
    /// Looks every two seconds, after look_soon() and after each connection. Takes the bus's only
    /// on_change(). The check `streams` names what is missing.
    void run(const std::stop_token& stop);
    /// Asks the server which streams and durables exist, and makes the missing ones: JOBS, RETRACT, STATUS,
    /// LOGS, EVENTS, and both durables of each provider. @throws bus::Unavailable, bus::Refused
    void poll_once();
    /// After a publish or fetch failed: wakes run().
    void look_soon();
    /// Both durables of a provider. @throws as look
    void ensure_provider(const Address& provider);

    struct Missing {
        std::string stream;
        std::optional<Address> durable;  ///< the provider's; absent: the stream itself
    };

  private:
    std::vector<Missing> find_missing();
    /// look(), under the lock.
    void complete();
    /// Once since the start.
    void update();
    void report_lost(const std::vector<Missing>& missing);
    void report_trouble(const std::string& reason);
    void restore(const std::vector<Missing>& missing);
    void make(const Missing& missing);
    void wait(const std::stop_token& stop);

    bus::Bus& bus_;
    std::int64_t status_bytes_;
    BusContents contents_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
    std::mutex mutex_;
    std::string missing_;          ///< at the last look, for people
    bool complete_ = false;        ///< everything existed at the last look: what is missing now was deleted
    bool updated_ = false;         ///< streams of an older release have the limits of this one
    bool restored_ = false;        ///< for the streams that are missing now
    std::set<Address> providers_;  ///< whose durables must exist
    std::mutex wake_mutex_;
    std::condition_variable_any wake_;
    bool soon_ = false;
};

}  // namespace lamda::dispatch
