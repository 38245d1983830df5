// Relay: moves one owner's outbox rows to JetStream in order, and deletes the acknowledged ones.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
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
    };
    /// One transaction: deletes the rows `published`, then reads the next rows after the id `after`.
    Page next_page(const std::vector<std::int64_t>& published, std::int64_t after);
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
};

}  // namespace lamda::outbox
