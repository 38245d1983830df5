// Steady time since boot, the same for every process until the next boot. Measures durations that outlast
// a process, independent of changes to the wall clock.
#pragma once

#include <optional>
#include <string>

#include "core/clock.hpp"

namespace lamda::agent {

struct BootTime {
    std::string boot;  ///< the kernel's boot id
    Millis since{0};   ///< since boot, by the steady clock
    bool operator==(const BootTime&) const = default;
};

BootTime boot_time(const Clock& clock);
/// Absent if `then` was before the last boot.
std::optional<Millis> elapsed(const BootTime& then, const BootTime& now);

}  // namespace lamda::agent
