// Context: the clock and the three outputs (log, metrics, health) that long-lived parts of a process share.
#pragma once

#include "core/clock.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::telemetry {

/// References outlive every part that is given the context; the log is copied.
struct Context {
    const Clock& clock;
    Log log;
    Metrics& metrics;
    Health& health;
};

}  // namespace lamda::telemetry
