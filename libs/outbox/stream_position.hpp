// Recorded positions of streams: how far a stream was when JetStream acknowledged a message. A stream that is
// behind its recorded position has lost messages (docs/decisions/0057).
#pragma once

#include <map>
#include <set>
#include <string>

#include "bus/bus.hpp"
#include "store/database.hpp"

namespace lamda::outbox {

struct StreamPosition {
    std::int64_t created = 0;         ///< of the stream, nanoseconds since 1970; 0: not known yet
    std::uint64_t last_sequence = 0;  ///< highest acknowledged
    bool rolled_back = false;         ///< it has lost messages that are not restored yet
    bool operator==(const StreamPosition&) const = default;
};
using StreamPositions = std::map<std::string, StreamPosition>;  ///< by stream
using StreamStates = std::map<std::string, bus::StreamState>;   ///< by stream

/// Returns the streams that have lost messages: recorded as rolled back, created again, or behind their
/// position. A stream without a position has lost none.
std::set<std::string> lost_streams(const StreamPositions& recorded, const StreamStates& states);
/// Returns the streams that gave a new message a sequence that was acknowledged before it was published.
/// @param recorded read before the messages were published
std::set<std::string> reused_sequences(const StreamPositions& recorded,
                                       const std::map<std::string, bus::SequenceRange>& acknowledged);

StreamPositions read_positions(store::Txn& txn, const std::string& owner);
/// In a statement of its own.
StreamPositions read_positions(store::Database& database, const std::string& owner);
/// Records acknowledged sequences; a position never moves back here.
void advance_positions(store::Txn& txn, const std::string& owner,
                       const std::map<std::string, bus::SequenceRange>& acknowledged);
/// Records that these streams have lost messages.
void mark_rolled_back(store::Txn& txn, const std::string& owner, const std::set<std::string>& streams);
/// Records the states. For the streams in `restored` the mark of a loss ends, and the position may move back;
/// the mark of another stream stays, since it was set after the comparison.
void put_positions(store::Txn& txn, const std::string& owner, const StreamStates& states,
                   const std::set<std::string>& restored);

}  // namespace lamda::outbox
