// Acceptance of a heartbeat: signed by its provider for this market, with a greater number than all before.
#pragma once

#include "wire/messages.hpp"

namespace lamda::wire {

/// Largest lead of `seq` over the reader's clock, in milliseconds. It allows two clocks that are each a day
/// off; it is small enough that a wrong clock cannot exhaust the numbers.
inline constexpr Millis kMostHeartbeatLead = std::chrono::days(3);

/// Share of one provider: heartbeats at once, and each second. An agent sends one every few seconds. A reader
/// drops those beyond it unread, since each costs a curve operation and one thread reads those of all.
inline constexpr double kHeartbeatBurst = 30;
inline constexpr double kHeartbeatsPerSecond = 5;

/// Parses a received heartbeat. Errors: `invalid_subject`, those of parse_heartbeat, `another_provider`.
Result<Heartbeat> read_heartbeat(std::string_view subject, std::string_view body);

/// @param newest greatest seq accepted from the provider so far; 0: none. The signature is verified last, so
/// replays cost no curve operation. Errors: `replayed`, `too_far_ahead`, `invalid_signature`.
lamda::Status check_heartbeat(const Heartbeat& heartbeat, std::uint64_t newest,
                              const eth::Eip712Domain& domain, Timestamp now);

}  // namespace lamda::wire
