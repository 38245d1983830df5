// Forwards heartbeats from the bus to the presence clock.
#pragma once

#include "bus/bus.hpp"
#include "services/job-dispatcher/dispatch/presence_clock.hpp"

namespace lamda::dispatch {

/// Records a heartbeat of a provider with waiting attempts, if it is signed for the deployment and newer than
/// the last one. Drops others: node-registry counts and logs them.
void note_heartbeat(const bus::Message& message, PresenceClock& presence, const eth::Eip712Domain& deployment,
                    const Clock& clock);

}  // namespace lamda::dispatch
