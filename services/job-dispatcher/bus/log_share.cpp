#include "services/job-dispatcher/bus/log_share.hpp"

#include <algorithm>

namespace lamda::dispatch {

namespace {

constexpr Millis kSweepEvery{10'000};

double seconds(Steady::duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

bool LogShare::admit(const Address& provider, std::size_t bytes, Steady now) {
    forget_full(now);
    auto& bucket = buckets_.try_emplace(provider, Bucket{kChunkBurst, kByteBurst, now}).first->second;
    const double passed = seconds(now - bucket.at);
    bucket.chunks = std::min(kChunkBurst, bucket.chunks + kChunksPerSecond * passed);
    bucket.bytes = std::min(kByteBurst, bucket.bytes + kBytesPerSecond * passed);
    bucket.at = now;
    const auto size = static_cast<double>(bytes);
    if (bucket.chunks < 1 || bucket.bytes < size) {
        return false;
    }
    bucket.chunks -= 1;
    bucket.bytes -= size;
    return true;
}

void LogShare::forget_full(Steady now) {
    if (now - swept_ < kSweepEvery) {
        return;
    }
    swept_ = now;
    // A full bucket equals a new one.
    std::erase_if(buckets_, [&](const auto& entry) {
        const double passed = seconds(now - entry.second.at);
        return entry.second.chunks + kChunksPerSecond * passed >= kChunkBurst &&
               entry.second.bytes + kBytesPerSecond * passed >= kByteBurst;
    });
}

}  // namespace lamda::dispatch
