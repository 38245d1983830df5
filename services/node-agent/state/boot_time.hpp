// Time since the machine's start: steady, and the same for every process until the next start. It measures
// what goes on longer than a process lives, whatever the wall clock is set to meanwhile.
#pragma once

#include <optional>
#include <string>

#include "core/clock.hpp"

namespace lamda::agent {

struct BootTime {
    std::string boot;  ///< the kernel's id of this start of the machine
    Millis since{0};   ///< by the steady clock
    bool operator==(const BootTime&) const = default;
};

BootTime boot_time(const Clock& clock);
/// Absent: `then` was before the machine's last start.
std::optional<Millis> elapsed(const BootTime& then, const BootTime& now);

}  // namespace lamda::agent
