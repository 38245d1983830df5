#include "services/node-agent/executor/paced_measurement.hpp"

#include <algorithm>

#include "runtime/app.hpp"

namespace lamda::agent {

namespace {
constexpr Millis kShortestPause{100};
constexpr Millis kLongestPause{2'000};
constexpr int kPauseFactor = 10;
}  // namespace

Millis pause_after(Millis took) {
    return std::clamp(took * kPauseFactor, kShortestPause, kLongestPause);
}

PacedMeasurement::PacedMeasurement(std::string what, Measure measure, const Clock& clock, telemetry::Log log)
    : what_(std::move(what)),
      measure_(std::move(measure)),
      clock_(clock),
      log_(std::move(log)),
      worker_([this](const std::stop_token& stop) { run(stop); }) {}

void PacedMeasurement::run(const std::stop_token& stop) {
    std::string last_error;
    Millis took{0};
    while (runtime::pause(stop, pause_after(took))) {
        const auto began = clock_.steady();
        try {
            last_ = measure_(stop);
            last_error.clear();
        } catch (const std::exception& error) {
            if (!stop.stop_requested() && last_error != error.what()) {
                last_error = error.what();
                log_.warn("measurement failed", {{"what", what_}, {"reason", last_error}});
            }
        }
        took = std::chrono::duration_cast<Millis>(clock_.steady() - began);
    }
}

}  // namespace lamda::agent
