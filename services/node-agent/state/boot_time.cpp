#include "services/node-agent/state/boot_time.hpp"

#include <fstream>

namespace lamda::agent {

BootTime boot_time(const Clock& clock) {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    BootTime out;
    std::getline(file, out.boot);
    out.since = std::chrono::duration_cast<Millis>(clock.steady().time_since_epoch());
    return out;
}

std::optional<Millis> elapsed(const BootTime& then, const BootTime& now) {
    return then.boot == now.boot && then.since <= now.since ? std::optional(now.since - then.since)
                                                            : std::nullopt;
}

}  // namespace lamda::agent
