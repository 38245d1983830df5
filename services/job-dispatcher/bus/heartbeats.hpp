// Heartbeats, as the dispatcher hears them.
#pragma once

#include "bus/bus.hpp"
#include "services/job-dispatcher/dispatch/presence_clock.hpp"

namespace lamda::dispatch {

/// A heartbeat of a provider whose attempts wait, signed for the market and newer than those before it.
/// Others are dropped: node-registry counts and logs them.
void note_heartbeat(const bus::Message& message, PresenceClock& presence, const eth::Eip712Domain& deployment,
                    const Clock& clock);

}  // namespace lamda::dispatch
