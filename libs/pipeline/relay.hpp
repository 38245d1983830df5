// The relay: moves one owner's outbox rows to JetStream, in order, deleting what was acknowledged.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::pipeline {

class Relay {
  public:
    Relay(store::Database& database, bus::Bus& bus, std::string owner, telemetry::Log log,
          telemetry::Metrics& metrics);
    /// Called after each pass in which a message could not leave.
    void on_refusal(std::function<void()> callback) { on_refusal_ = std::move(callback); }
    /// Until stopped: waits for a notification or a second, drains, backs off while the bus is away.
    void run(const std::stop_token& stop);
    /// One pass; how many left. @throws bus::Unavailable, store::Unavailable
    std::size_t drain();

  private:
    void measure();

    store::Database& database_;
    bus::Bus& bus_;
    std::string owner_;
    telemetry::Log log_;
    telemetry::Counter published_;
    telemetry::Gauge waiting_;
    std::string refusal_;  ///< of the last pass; empty: none
    std::function<void()> on_refusal_ = [] {};
};

}  // namespace lamda::pipeline
