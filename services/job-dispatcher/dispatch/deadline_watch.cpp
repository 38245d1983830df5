#include "services/job-dispatcher/dispatch/deadline_watch.hpp"

namespace lamda::dispatch {

void DeadlineWatch::watch(const std::vector<Attempt>& attempts, Steady now) {
    std::map<Attempt, Steady> next;
    for (const auto& attempt : attempts) {
        const auto known = since_.find(attempt);
        next.emplace(attempt, known == since_.end() ? now : known->second);
    }
    since_ = std::move(next);
}

Millis DeadlineWatch::elapsed(const Attempt& attempt, Steady now) const {
    const auto known = since_.find(attempt);
    return known == since_.end() ? Millis(0) : std::chrono::duration_cast<Millis>(now - known->second);
}

}  // namespace lamda::dispatch
