#include "services/node-agent/bus/settings_watch.hpp"

namespace lamda::agent {

namespace {
constexpr auto kCheck = "settings";
}

SettingsWatch::SettingsWatch(const Clock& clock, telemetry::Log log, telemetry::Health& health)
    : clock_(clock), log_(std::move(log)), health_(health) {
    health_.set(kCheck, true);
}

void SettingsWatch::contradicts(const AttemptKey& key, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    seen_.insert_or_assign(key, clock_.steady());
    if (health_.set(kCheck, false, reason)) {
        log_.error("assignment contradicts the settings: returned to the bus, announcing capacity 0",
                   {{"job", key.job.hex()}, {"attempt", key.attempt}, {"reason", reason}});
    }
}

void SettingsWatch::settled(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    if (seen_.erase(key) > 0) {
        report();
    }
}

bool SettingsWatch::contradicted() {
    const std::lock_guard lock(mutex_);
    const auto gone = clock_.steady() - kSilence;
    if (std::erase_if(seen_, [&](const auto& one) { return one.second <= gone; }) > 0) {
        report();
    }
    return !seen_.empty();
}

void SettingsWatch::report() {
    if (seen_.empty() && health_.set(kCheck, true)) {
        log_.info("no assignment contradicts the settings any more");
    }
}

}  // namespace lamda::agent
