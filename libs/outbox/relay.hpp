// Relay: moves one owner's outbox rows to JetStream in order, and deletes the acknowledged ones.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
#include "outbox/stream_position.hpp"
#include "store/database.hpp"
#include "telemetry/context.hpp"

namespace lamda::outbox {

class Relay {
  public:
    /// A message that has waited longer than this makes the check `outbox` not ready.
    static constexpr std::chrono::seconds kLongestWait{5};

    Relay(store::Database& database, bus::Bus& bus, std::string owner, const telemetry::Context& context);
    /// Sets a callback for after each pass in which a message could not be published.
    void on_refusal(std::function<void()> callback) { on_refusal_ = std::move(callback); }
    /// Records the positions of streams, and calls back after a pass that found one cut back. For the owner
    /// that restores lost messages (outbox/stream_position.hpp).
    void track_positions(std::function<void()> on_cut_back);
    /// Runs until stopped: waits for a notification or a second, drains, backs off while the bus is
    /// unavailable.
    void run(const std::stop_token& stop);
    /// Runs one pass; returns how many were published. Sets the check `outbox`.
    /// @throws bus::Unavailable, store::Unavailable
    std::size_t drain();

  private:
    struct Page {
        std::vector<std::int64_t> ids;
        std::vector<bus::Outgoing> messages;
        StreamPositions positions;  ///< before the messages are published
    };
    /// Published messages whose rows are to be deleted.
    struct Done {
        std::vector<std::int64_t> ids;
        bool has_events = false;                              ///< some of the rows are events for feeds
        std::map<std::string, bus::SequenceRange> sequences;  ///< by stream
        std::set<std::string> reused;                         ///< streams that were cut back
    };
    /// Settles `done`, then reads the next rows after the id `after`.
    Page next_page(const Done& done, std::int64_t after);
    /// Deletes the published rows, and records how far the streams are. @throws store::Unavailable
    void settle(const Done& done);
    void settle(store::Txn& txn, const Done& done);
    /// Publishes a page, and adds what was stored to `done`; returns its number.
    std::size_t publish(const Page& page, Done& done);
    void trim_feed_log(const std::stop_token& stop);
    /// Measures the waiting messages and the age of the oldest, by the database's clock.
    void measure(const std::string& reason);
    void report_age(const std::string& reason);
    store::Database& database_;
    bus::Bus& bus_;
    std::string owner_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter published_;
    telemetry::Gauge waiting_;
    telemetry::Gauge oldest_;
    telemetry::Health& health_;
    std::string refusal_;  ///< reason of the last pass's failure; empty: none
    std::function<void()> on_refusal_ = [] {};
    std::map<std::string, std::uint64_t> acknowledged_;  ///< newest sequence by stream
    std::function<void()> on_cut_back_;                  ///< empty: positions are not recorded
};

}  // namespace lamda::outbox
