#include "services/job-dispatcher/dispatch/spec_queue.hpp"

#include <algorithm>
#include <tuple>

namespace lamda::dispatch {

void SpecQueue::await(const std::vector<AwaitedSpec>& specs) {
    std::map<JobId, Entry> next;
    for (const auto& spec : specs) {
        const auto known = entries_.find(spec.id);
        next.emplace(spec.id, known == entries_.end() ? Entry{spec} : known->second);
    }
    entries_ = std::move(next);
}

std::optional<JobId> SpecQueue::take(Steady now) {
    const auto before = [](const Entry& a, const Entry& b) {
        return std::tie(a.lookups, b.spec.payment, a.spec.since) <
               std::tie(b.lookups, a.spec.payment, b.spec.since);
    };
    Entry* best = nullptr;
    for (auto& [id, entry] : entries_) {
        const auto busy = of_renter_.find(entry.spec.renter);
        if (entry.next <= now && !in_flight_.contains(id) &&
            (busy == of_renter_.end() || busy->second < kMostOfRenter) && (!best || before(entry, *best))) {
            best = &entry;
        }
    }
    if (!best) {
        return std::nullopt;
    }
    in_flight_.emplace(best->spec.id, best->spec.renter);
    ++of_renter_[best->spec.renter];
    return best->spec.id;
}

void SpecQueue::give_back(const JobId& id, Steady now) {
    const auto taken = in_flight_.find(id);
    if (taken == in_flight_.end()) {
        return;
    }
    if (--of_renter_.at(taken->second) == 0) {
        of_renter_.erase(taken->second);
    }
    in_flight_.erase(taken);
    if (const auto entry = entries_.find(id); entry != entries_.end()) {
        constexpr unsigned kDoublings = 10;  // 1 s to above 10 min
        const auto pause = kFirstPause * (1U << std::min(entry->second.lookups, kDoublings));
        ++entry->second.lookups;
        entry->second.next = now + std::min<Millis>(pause, kLongestPause);
    }
}

}  // namespace lamda::dispatch
