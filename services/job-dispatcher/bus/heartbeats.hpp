// Forwards heartbeats from the bus to the presence clock.
#pragma once

#include "bus/bus.hpp"
#include "core/token_buckets.hpp"
#include "services/job-dispatcher/dispatch/presence_clock.hpp"

namespace lamda::dispatch {

/// Records a heartbeat of a provider with waiting attempts, if it is signed for the deployment and newer than
/// the last one. Drops others, and those beyond the provider's share: node-registry counts and logs them.
void note_heartbeat(const bus::Message& message, TokenBuckets<Address>& shares, PresenceClock& presence,
                    const eth::Eip712Domain& deployment, const Clock& clock);

}  // namespace lamda::dispatch
