// Acceptance of a heartbeat: signed by its provider for this market, and newer than all before it.
#pragma once

#include "wire/messages.hpp"

namespace lamda::wire {

/// How far `seq` may be ahead of the reader's clock in milliseconds: more than two clocks that are each a day
/// off differ, and little enough that a wrong clock cannot use up the numbers.
inline constexpr Millis kMostHeartbeatLead = std::chrono::days(3);

/// Reads a heartbeat as it came. Errors: `invalid_subject`, those of parse_heartbeat, `another_provider`.
Result<Heartbeat> read_heartbeat(std::string_view subject, std::string_view body);

/// @param newest the greatest seq accepted from the provider so far; 0: none. The signature is looked at
/// last: replays cost no curve operation. Errors: `replayed`, `too_far_ahead`, `invalid_signature`.
lamda::Status check_heartbeat(const Heartbeat& heartbeat, std::uint64_t newest,
                              const eth::Eip712Domain& domain, Timestamp now);

}  // namespace lamda::wire
