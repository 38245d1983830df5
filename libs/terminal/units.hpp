// One formatter for each unit that is shown to people. No scientific notation; nothing is rounded, except by
// short_decimals and the time spans.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"
#include "core/u256.hpp"

namespace lamda::terminal {

/// `0.01 BNB`: wei as an exact fraction of 10^18, without trailing zeros.
std::string bnb(const U256& wei);
/// `0.01 BNB (10000000000000000 wei)`, where the user may need the number of an argument.
std::string bnb_and_wei(const U256& wei);
/// `0.1 gwei`: wei as an exact fraction of 10^9, without trailing zeros.
std::string gwei(const U256& wei);

/// `24576 MiB`
std::string mib(const U256& count);
/// `512 B`
std::string bytes(std::uint64_t count);
/// `50000 gas`
std::string gas(const U256& amount);
/// `1 block`, `12 blocks`
std::string blocks(std::uint64_t count);

/// `350 ms`, `3 s`, `12 min`, `5 h` or `4 d`, rounded down; 0 is `0 s`.
std::string rough(Millis span);
/// `11.3 s`, for a duration that is still running or was measured. @param seconds not negative
std::string seconds(double seconds);

/// Returns a decimal fraction with unit at fewer digits, rounded down and marked: `0.123456… BNB`. Kept are
/// six decimals, more for values below 0.001: four significant digits. A shorter value is unchanged.
std::string short_decimals(const std::string& amount);

}  // namespace lamda::terminal
