// Creates streams and durables before the first message that needs them. Polls the server, so that deleted
// ones are created again within seconds, and restores what streams have lost.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>

#include "bus/bus.hpp"
#include "core/ids.hpp"
#include "core/wakeup.hpp"
#include "outbox/stream_position.hpp"
#include "services/job-dispatcher/bus/provider_durables.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::dispatch {

/// Callbacks to the owner of the state from which messages are restored.
struct BusContents {
    /// Returns providers whose durables must exist, apart from those given to ensure_provider().
    std::function<std::vector<Address>()> providers;
    /// Returns how far the streams were, by what was acknowledged.
    std::function<outbox::StreamPositions()> positions;
    /// Records that these streams have lost messages, until record(): a crash in between forgets nothing.
    std::function<void(const std::set<std::string>& streams)> mark_lost;
    /// Puts what these streams may have held into the outbox.
    std::function<void(const std::set<std::string>& streams)> restore;
    /// Records the states; the losses of the streams in `restored` are restored.
    std::function<void(const outbox::StreamStates&, const std::set<std::string>& restored)> record;
    /// Returns those of the providers that need no durables.
    std::function<std::vector<Address>(const std::vector<Address>&)> idle;
};

/// Thread-safe.
class BusSetup {
  public:
    /// @param status_bytes size limit of STATUS
    BusSetup(bus::Bus& bus, std::int64_t status_bytes, BusContents contents, telemetry::Log log,
             telemetry::Metrics& metrics, telemetry::Health& health);
    /// Polls every two seconds, after poll_soon() and after each connection. Compares the streams with their
    /// recorded positions at the start, after each connection and poll_soon(), and every ten seconds. Deletes
    /// idle durables every hour. Takes the bus's only on_change(). The health check `streams` names missing
    /// streams, and refused durables.
    void run(const std::stop_token& stop);
    /// Lists the server's streams and durables, and creates the missing ones: JOBS, RETRACT, STATUS, LOGS,
    /// EVENTS, and both durables of each provider. Restores what streams have lost.
    /// @throws bus::Unavailable, bus::Refused
    void poll_once();
    /// Wakes run(), after a failed publish or fetch, or if a stream was cut back.
    void poll_soon();
    /// Creates both durables of a provider. @throws as poll_once
    void ensure_provider(const Address& provider);
    /// True if both durables of the provider exist, as far as known. Does not wait: false while another
    /// thread talks to the server.
    bool has_provider(const Address& provider);

  private:
    std::vector<std::string> missing_streams();
    /// poll_once() under the lock.
    void complete();
    /// Creates the missing streams; their loss is recorded before. @returns true if any was missing
    bool create_streams();
    /// Applies the limits of this release to existing streams, once for each process.
    void update();
    void report_failure(const std::string& reason);
    /// Restores what the streams have lost, if they are behind their recorded positions; then
    /// replace_damaged().
    /// @param reported the loss of whole streams is reported already
    void compare_positions(bool reported);
    /// Purges and restores streams whose store is damaged. A failed test is logged and shown in the health
    /// check's text: the other work goes on.
    void replace_damaged();

    bus::Bus& bus_;
    std::int64_t status_bytes_;
    BusContents contents_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
    std::mutex mutex_;
    ProviderDurables durables_;
    std::string missing_;    ///< streams that were missing at the last poll
    bool complete_ = false;  ///< nothing was missing at the last poll: what is missing now was deleted
    bool updated_ = false;   ///< update() is done
    std::atomic<bool> compare_ = true;  ///< the positions are to be compared at the next poll
    std::string untested_;              ///< reason of the last test for damage that failed; empty: it did not
    int skipped_tests_ = 0;             ///< comparisons until the next test for damage
    Wakeup wakeup_;
};

}  // namespace lamda::dispatch
