// Finds streams whose store is damaged, so that nothing new can be read from them.
//
// nats-server 2.9.10 gives the next sequence to the next message if the newest record of a store was damaged
// when the server started. It then looks for each later message in the wrong place of the file: the message
// is acknowledged, counted, and never delivered, without any error. A purge ends it.
#pragma once

#include <set>
#include <string>

#include "bus/bus.hpp"

namespace lamda::dispatch {

/// Returns those of the streams that hold their newest message and cannot read it. Damage shows once the
/// server reads from its files: seconds after the message was stored. Not tested is a stream that holds older
/// messages, with more than 50,000 removed ones among them, and whose newest is removed.
/// @throws bus::Unavailable, bus::Refused
std::set<std::string> damaged_streams(bus::Bus& bus, const std::set<std::string>& streams);

}  // namespace lamda::dispatch
