// Counts and logs refused heartbeats: a counter for each reason, and at most one log line a minute.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "telemetry/log.hpp"
#include "telemetry/log_limit.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::registry {

/// Stores nothing for a single heartbeat, so that any number of senders costs no memory. Thread-safe.
class HeartbeatRefusals {
  public:
    /// Interval between two log lines for the same reason.
    static constexpr Millis kLogEvery{60'000};

    HeartbeatRefusals(const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics);
    void add(std::string_view subject, const Error& error);

  private:
    struct Reason {
        telemetry::Counter counter;
        telemetry::LogLimit lines;
    };

    const Clock& clock_;
    telemetry::Log log_;
    std::mutex mutex_;
    std::map<std::string, Reason, std::less<>> reasons_;
};

}  // namespace lamda::registry
