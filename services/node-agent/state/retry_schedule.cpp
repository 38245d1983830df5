#include "services/node-agent/state/retry_schedule.hpp"

#include <algorithm>

namespace lamda::agent {

RetrySchedule::RetrySchedule(RetryPolicy policy, const Clock& clock) : policy_(policy), clock_(clock) {}

RetrySchedule::Entry& RetrySchedule::note(const AttemptKey& key, wire::ErrorCode step) {
    const auto now = clock_.steady();
    auto& entry = entries_.try_emplace(key, Entry{step, now, now}).first->second;
    if (entry.step != step) {
        entry = Entry{step, now, now};
    }
    ++entry.tries;
    return entry;
}

RetrySchedule::Pause RetrySchedule::postpone(Entry& entry, Millis longest) {
    Millis pause = policy_.first;
    for (unsigned i = 1; i < entry.tries && pause < policy_.longest; ++i) {
        pause *= 2;
    }
    pause = std::min({pause, policy_.longest, longest});
    entry.next = clock_.steady() + pause;
    entry.waits = true;
    return {pause, entry.tries};
}

std::optional<RetrySchedule::Pause> RetrySchedule::failed(const AttemptKey& key, wire::ErrorCode step) {
    const std::lock_guard lock(mutex_);
    auto& entry = note(key, step);
    const auto left =
        policy_.give_up_after - std::chrono::duration_cast<Millis>(clock_.steady() - entry.since);
    if (left <= Millis(0)) {
        entries_.erase(key);
        return std::nullopt;
    }
    return postpone(entry, left);
}

RetrySchedule::Pause RetrySchedule::failed_for_now(const AttemptKey& key, wire::ErrorCode step) {
    const std::lock_guard lock(mutex_);
    return postpone(note(key, step), policy_.longest);
}

void RetrySchedule::forget(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    entries_.erase(key);
}

void RetrySchedule::taken(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(key); found != entries_.end()) {
        found->second.waits = false;
    }
}

bool RetrySchedule::due(const AttemptKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() || clock_.steady() >= found->second.next;
}

bool RetrySchedule::waiting(const AttemptKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    return found != entries_.end() && found->second.waits;
}

std::size_t RetrySchedule::occupied(const std::vector<AttemptKey>& active, std::size_t capacity) const {
    const auto waiting_ones = static_cast<std::size_t>(
        std::count_if(active.begin(), active.end(), [&](const auto& key) { return waiting(key); }));
    return active.size() - std::min(waiting_ones, capacity);
}

}  // namespace lamda::agent
