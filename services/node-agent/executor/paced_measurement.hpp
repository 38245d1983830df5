// Measures something again and again on a thread of its own, at a pace that costs little, so that whoever
// looks at the last result never waits for the next.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <thread>

#include "core/clock.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Between the end of a measurement and the next: ten times as long as it took, from 100 ms to 2 s. A cheap
/// measurement takes at most an eleventh of one core; an expensive one is never far away, because what grows
/// meanwhile is what the pause lets through.
Millis pause_after(Millis took);

class PacedMeasurement {
  public:
    /// May throw: logged, and tried again at the same pace. Must end soon once a stop is requested.
    using Measure = std::function<std::uint64_t(const std::stop_token&)>;
    /// @param what for the log
    PacedMeasurement(std::string what, Measure measure, const Clock& clock, telemetry::Log log);

    /// Of the last measurement that succeeded; 0 before the first.
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
