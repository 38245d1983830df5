#include "telemetry/health.hpp"

#include <algorithm>

namespace lamda::telemetry {

void Health::expect(const std::string& name, const std::string& detail) {
    const std::lock_guard lock(mutex_);
    checks_.try_emplace(name, Check{false, detail});
}

bool Health::set(const std::string& name, bool ok, const std::string& detail) {
    const std::lock_guard lock(mutex_);
    Check& check = checks_[name];
    // A change of the detail alone (a counter in it, say) is not worth a log line.
    const bool changed = check.ok != ok;
    check = {ok, detail};
    return changed;
}

bool Health::ready() const {
    const std::lock_guard lock(mutex_);
    return std::all_of(checks_.begin(), checks_.end(), [](const auto& entry) { return entry.second.ok; });
}

std::map<std::string, Check> Health::checks() const {
    const std::lock_guard lock(mutex_);
    return checks_;
}

}  // namespace lamda::telemetry
