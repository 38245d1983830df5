// The stream of events, which several services publish to and the dispatcher makes.
#pragma once

#include <functional>
#include <stop_token>

#include "bus/bus.hpp"

namespace lamda::pipeline {

/// EVENTS: every event for an hour.
bus::StreamSpec events_stream();

/// Calls `action` whenever the connection stands, also when the server comes back without what it held. Until
/// stopped. Takes the bus's only on_change(). @throws what the action throws
void at_each_connection(const std::stop_token& stop, bus::Bus& bus, const std::function<void()>& action);

}  // namespace lamda::pipeline
