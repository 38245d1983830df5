// Repeats a measurement on its own thread at a bounded cost. Readers get the latest result without waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <thread>

#include "core/clock.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Pause between two measurements: ten times the last duration, from 100 ms to 2 s. A cheap measurement takes
/// at most 1/11 of one core. The upper bound limits the growth between two measurements.
Millis pause_after(Millis took);

class PacedMeasurement {
  public:
    /// May throw: the error is logged and the measurement repeated at the same pace. Must end soon after a
    /// stop request.
    using Measure = std::function<std::uint64_t(const std::stop_token&)>;
    /// @param what name of the measurement in the log
    PacedMeasurement(std::string what, Measure measure, const Clock& clock, telemetry::Log log);

    /// Result of the last successful measurement; 0 before the first.
    std::uint64_t last() const { return last_; }

  private:
    void run(const std::stop_token& stop);

    std::string what_;
    Measure measure_;
    const Clock& clock_;
    telemetry::Log log_;
    std::atomic<std::uint64_t> last_ = 0;
    std::jthread worker_;  // last: it uses the others
};

}  // namespace lamda::agent
