// Finds streams whose store is damaged, so that nothing new can be read from them.
//
// nats-server 2.9.10 gives the next sequence to the next message if the newest record of a store was damaged
// when the server started. It then looks for each later message in the wrong place of the file: the message is
// acknowledged, counted, and never delivered, without any error. A purge ends it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "bus/bus.hpp"
#include "outbox/stream_position.hpp"

namespace lamda::dispatch {

/// Returns those of the given streams that hold messages and cannot read their newest. For streams from which
/// only age and size remove messages, the oldest first.
/// @throws bus::Unavailable, bus::Refused
std::set<std::string> damaged_records(bus::Bus& bus, const outbox::StreamStates& states);

/// Finds damage of JOBS and RETRACT, whose newest message may be gone for good reason: keeps a message of its
/// own in each, for the zero address, which no provider has. For one thread.
class QueueTest {
  public:
    explicit QueueTest(bus::Bus& bus) : bus_(bus) {}
    /// Replaces the messages: a store can be damaged each time its server starts.
    /// @throws bus::Unavailable, bus::Refused
    void begin();
    /// Returns the queues that have lost their message or cannot read it. Damage shows once the server reads
    /// from its files, which is seconds after begin().
    /// @throws bus::Unavailable, bus::Refused
    std::set<std::string> damaged();

  private:
    bus::Bus& bus_;
    std::map<std::string, std::uint64_t> sequences_;  ///< of the messages, by stream
};

}  // namespace lamda::dispatch
