#include "presence_clock.hpp"

namespace lamda::dispatch {

void PresenceClock::heartbeat(const Address& provider, std::uint32_t capacity, std::uint32_t running,
                              Steady at) {
    const std::lock_guard lock(mutex_);
    Provider& known = providers_[provider];
    const bool has_room = running < capacity;
    Millis gap{0};
    if (known.last && at >= *known.last) {
        gap = std::chrono::duration_cast<Millis>(at - *known.last);
    }
    const bool counts = known.last && gap <= kLongestGap;
    const auto [begin, end] = by_provider_.equal_range(provider);
    for (auto it = begin; it != end; ++it) {
        Watched& watched = watched_.at(it->second);
        if (watched.started && counts) {
            watched.present += gap;
            watched.idle += known.had_room && has_room ? gap : Millis(0);
        }
        watched.started = true;
    }
    known.last = at;
    known.had_room = has_room;
}

void PresenceClock::watch(const std::vector<Attempt>& attempts) {
    const std::lock_guard lock(mutex_);
    std::map<Key, Watched> next;
    by_provider_.clear();
    for (const auto& attempt : attempts) {
        const Key key{attempt.job_id, attempt.attempt};
        const auto known = watched_.find(key);
        const bool same = known != watched_.end() && known->second.attempt.waiting == attempt.waiting &&
                          known->second.attempt.last_seq == attempt.last_seq;
        next.emplace(key, same ? known->second : Watched{attempt});
        by_provider_.emplace(attempt.provider, key);
    }
    watched_ = std::move(next);
}

std::vector<PresenceClock::Waited> PresenceClock::waited() const {
    const std::lock_guard lock(mutex_);
    std::vector<Waited> out;
    out.reserve(watched_.size());
    for (const auto& [key, watched] : watched_) {
        out.push_back({watched.attempt, watched.idle, watched.present});
    }
    return out;
}

}  // namespace lamda::dispatch
