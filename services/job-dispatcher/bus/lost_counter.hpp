// The metric of losses on the bus.
#pragma once

#include <string>

#include "telemetry/metrics.hpp"

namespace lamda::dispatch {

/// @param what `stream`, `durable`, or `messages` of a stream
inline telemetry::Counter lost_counter(telemetry::Metrics& metrics, const std::string& stream,
                                       const std::string& what) {
    return metrics.counter(
        "lamda_bus_lost_total",
        "Streams and durables that were deleted, and streams that lost messages; all restored.",
        {{"stream", stream}, {"what", what}});
}

}  // namespace lamda::dispatch
