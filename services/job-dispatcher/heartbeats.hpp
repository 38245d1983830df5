// Heartbeats, as the dispatcher hears them.
#pragma once

#include "bus/bus.hpp"
#include "presence_clock.hpp"

namespace lamda::dispatch {

/// Malformed ones are dropped: node-registry records them.
void note_heartbeat(const bus::Message& message, PresenceClock& presence, const Clock& clock);

}  // namespace lamda::dispatch
