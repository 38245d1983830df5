// Durations in the notation of settings: `500ms`, `10s`, `5m`, `24h`.
#pragma once

#include "core/clock.hpp"

namespace lamda {

/// A whole number and one of ms, s, m, h; at most 365 days. Errors: `invalid_duration`.
Result<Millis> parse_duration(std::string_view text);
/// In the largest unit that is exact.
std::string to_string(Millis duration);

}  // namespace lamda
