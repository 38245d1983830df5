// Presence and load on the bus, every five seconds; and an ear for others that send the same.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "journal.hpp"
#include "retry_schedule.hpp"
#include "settings_watch.hpp"
#include "telemetry/metrics.hpp"
#include "twin_watch.hpp"

namespace lamda::agent {

class HeartbeatLoop {
  public:
    HeartbeatLoop(bus::Bus& bus, const Journal& journal, const Address& provider, std::size_t capacity,
                  const RetrySchedule& retries, TwinWatch& twins, SettingsWatch& settings, const Clock& clock,
                  telemetry::Metrics& metrics);
    void run(const std::stop_token& stop);

  private:
    void beat();

    bus::Bus& bus_;
    const Journal& journal_;
    Address provider_;
    std::size_t capacity_;
    const RetrySchedule& retries_;
    TwinWatch& twins_;
    SettingsWatch& settings_;
    const Clock& clock_;
    telemetry::Gauge running_;
    telemetry::Gauge waiting_;
};

}  // namespace lamda::agent
