// Token buckets by key: a rate limit of its own for each sender.
#pragma once

#include <algorithm>
#include <map>

#include "core/clock.hpp"

namespace lamda {

/// No I/O. For one thread. Forgets full buckets, which equal new ones, and all of them at kMostKeys: memory
/// is bounded whatever keys are sent.
template <class Key>
class TokenBuckets {
  public:
    static constexpr std::size_t kMostKeys = 100'000;

    /// @param burst tokens of a full bucket
    TokenBuckets(double burst, double per_second) : burst_(burst), per_second_(per_second) {}

    /// Tokens of the key.
    double left(const Key& key, Steady now) const {
        const auto found = buckets_.find(key);
        return found == buckets_.end() ? burst_ : tokens(found->second, now);
    }
    /// True if the key has `amount` tokens left.
    bool has(const Key& key, Steady now, double amount = 1) const { return left(key, now) >= amount; }
    /// Takes `amount` tokens of the key. False: it has fewer, and keeps them.
    bool take(const Key& key, Steady now, double amount = 1) {
        if (!has(key, now, amount)) {
            return false;
        }
        forget_full(now);
        auto& bucket = buckets_.try_emplace(key, Bucket{burst_, now}).first->second;
        bucket = {tokens(bucket, now) - amount, now};
        return true;
    }
    /// Number of keys that are remembered.
    std::size_t size() const { return buckets_.size(); }

  private:
    static constexpr Millis kSweepEvery{10'000};
    struct Bucket {
        double tokens = 0;
        Steady at{};
    };

    double tokens(const Bucket& bucket, Steady now) const {
        return std::min(burst_,
                        bucket.tokens + per_second_ * std::chrono::duration<double>(now - bucket.at).count());
    }
    void forget_full(Steady now) {
        if (buckets_.size() >= kMostKeys) {
            buckets_.clear();
        } else if (now - swept_ >= kSweepEvery) {
            swept_ = now;
            std::erase_if(buckets_, [&](const auto& entry) { return tokens(entry.second, now) >= burst_; });
        }
    }

    double burst_;
    double per_second_;
    std::map<Key, Bucket> buckets_;
    Steady swept_{};
};

}  // namespace lamda
