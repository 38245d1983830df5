// Definition of the stream of events: several services publish to it, the dispatcher creates it.
#pragma once

#include "bus/bus.hpp"

namespace lamda::outbox {

/// EVENTS: keeps every event for an hour.
bus::StreamSpec events_stream();

}  // namespace lamda::outbox
