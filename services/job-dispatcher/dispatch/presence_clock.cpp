#include "services/job-dispatcher/dispatch/presence_clock.hpp"

namespace lamda::dispatch {

std::optional<std::uint64_t> PresenceClock::newest_seq(const Address& provider) const {
    const std::lock_guard lock(mutex_);
    const auto known = providers_.find(provider);
    return known == providers_.end() ? std::nullopt : std::optional(known->second.newest_seq);
}

void PresenceClock::heartbeat(const wire::Heartbeat& heartbeat, Steady at) {
    const std::lock_guard lock(mutex_);
    const auto found = providers_.find(heartbeat.provider);
    if (found == providers_.end()) {
        return;
    }
    Provider& known = found->second;
    known.newest_seq = heartbeat.seq;
    const bool has_room = heartbeat.running < heartbeat.capacity;
    Millis gap{0};
    if (known.last && at >= *known.last) {
        gap = std::chrono::duration_cast<Millis>(at - *known.last);
    }
    const bool counts = known.last && gap <= kLongestGap;
    const auto [begin, end] = by_provider_.equal_range(heartbeat.provider);
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
    std::map<Address, Provider> providers;
    by_provider_.clear();
    for (const auto& attempt : attempts) {
        const Key key{attempt.job_id, attempt.attempt};
        const auto known = watched_.find(key);
        const bool same = known != watched_.end() && known->second.attempt.waiting == attempt.waiting &&
                          known->second.attempt.last_seq == attempt.last_seq;
        next.emplace(key, same ? known->second : Watched{attempt});
        by_provider_.emplace(attempt.provider, key);
        const auto before = providers_.find(attempt.provider);
        providers.emplace(attempt.provider, before != providers_.end()
                                                ? before->second
                                                : Provider{std::nullopt, false, attempt.heartbeat_seq});
    }
    watched_ = std::move(next);
    providers_ = std::move(providers);
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
