#include "services/node-agent/bus/work_state.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace lamda::agent {

void OfferedResources::learn(const Machine& machine) {
    const std::lock_guard lock(mutex_);
    machine_ = machine;
    known_ = true;
}

bool OfferedResources::known() const {
    const std::lock_guard lock(mutex_);
    return known_;
}

Offer OfferedResources::per_job() const {
    const std::lock_guard lock(mutex_);
    return offer_of(limits_, machine_);
}

Offer OfferedResources::total() const {
    const std::lock_guard lock(mutex_);
    return total_offer(limits_, machine_, overcommit_);
}

Use use_of(const Journal& journal, const RetrySchedule& retries) {
    Use out;
    for (const auto& key : journal.active_attempts()) {
        const bool pauses = retries.waiting(key) && !retries.due(key);
        const auto attempt = pauses ? std::nullopt : journal.find(key);
        if (attempt) {
            out += attempt->assignment.requirements;
        }
    }
    return out;
}

bool DrainSwitch::on() const {
    std::error_code ignored;
    return setting_ || std::filesystem::exists(file_, ignored);
}

void HeldBack::postponed(Millis delay) {
    const std::lock_guard lock(mutex_);
    postponed_until_ = std::max(postponed_until_, clock_.steady() + delay);
}

bool HeldBack::any() const {
    if (short_of_room_) {
        return true;
    }
    const std::lock_guard lock(mutex_);
    return clock_.steady() < postponed_until_;
}

}  // namespace lamda::agent
