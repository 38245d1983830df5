// The stream of events, which several services publish to and the dispatcher makes.
#pragma once

#include "bus/bus.hpp"

namespace lamda::outbox {

/// EVENTS: every event for an hour.
bus::StreamSpec events_stream();

}  // namespace lamda::outbox
