// The bus as the dispatcher hears it outside of streams: heartbeats, and the connection's coming and going.
#pragma once

#include <stop_token>

#include "bus_setup.hpp"
#include "presence_clock.hpp"

namespace lamda::dispatch {

/// A heartbeat of a provider whose attempts wait, signed for the market and newer than those before it.
/// Others are dropped: node-registry counts and logs them.
void note_heartbeat(const bus::Message& message, PresenceClock& presence, const eth::Eip712Domain& market,
                    const Clock& clock);

/// Whenever the connection stands: streams, and the durables of all providers that have an attempt — also
/// when the server comes back without what it held. Until stopped.
void keep_bus_ready(const std::stop_token& stop, bus::Bus& bus, BusSetup& setup, store::Database& database);

}  // namespace lamda::dispatch
