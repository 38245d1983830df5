#include "services/job-dispatcher/bus/status_share.hpp"

#include <algorithm>
#include <utility>

#include "crypto/digest.hpp"

namespace lamda::dispatch {

namespace {

Bytes32 digest(const Address& provider, std::string_view body) {
    crypto::Sha256 sha;
    sha.update(provider.view());
    sha.update(as_bytes(body));
    return sha.finish();
}

double seconds(Steady::duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

StatusShare::Verdict StatusShare::admit(const Address& provider, std::string_view body, Steady now,
                                        bool again) {
    rotate(now);
    const Bytes32 key = digest(provider, body);
    if (newer_.contains(key) || older_.contains(key)) {
        if (again) {
            note_taken(provider);
        }
        return Verdict::kRepeated;
    }
    auto& bucket = buckets_.try_emplace(provider, Bucket{kBurst, now, 0}).first->second;
    bucket.tokens = std::min(kBurst, bucket.tokens + kPerSecond * seconds(now - bucket.at));
    bucket.at = now;
    if (bucket.tokens < 1) {
        if (again) {
            return Verdict::kOver;
        }
        if (bucket.postponed >= kMostPostponed) {
            return Verdict::kDrop;
        }
        ++bucket.postponed;
        return Verdict::kOver;
    }
    if (again) {
        note_taken(provider);
    }
    bucket.tokens -= 1;
    return Verdict::kTake;
}

void StatusShare::handled(const Address& provider, std::string_view body, Steady now) {
    rotate(now);
    newer_.insert(digest(provider, body));
}

void StatusShare::note_taken(const Address& provider) {
    const auto found = buckets_.find(provider);
    if (found != buckets_.end() && found->second.postponed > 0) {
        --found->second.postponed;
    }
}

void StatusShare::rotate(Steady now) {
    if (now - rotated_ < kRemembered / 2 && newer_.size() < kMostRemembered / 2) {
        return;
    }
    older_ = now - rotated_ < kRemembered ? std::exchange(newer_, {}) : std::unordered_set<Bytes32>();
    newer_.clear();
    rotated_ = now;
    // A full bucket equals a new one.
    std::erase_if(buckets_, [&](const auto& entry) {
        return entry.second.tokens + kPerSecond * seconds(now - entry.second.at) >= kBurst;
    });
}

}  // namespace lamda::dispatch
