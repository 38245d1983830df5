// Rate limit of log chunks for each provider, so that one provider's flood delays no other provider's logs.
#pragma once

#include <map>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::dispatch {

/// No I/O. For one thread.
class LogShare {
  public:
    /// Token buckets of one provider: chunks, and bytes of messages.
    static constexpr double kChunkBurst = 2'000;
    static constexpr double kChunksPerSecond = 100;
    static constexpr double kByteBurst = 32U << 20;
    static constexpr double kBytesPerSecond = 2U << 20;

    /// Takes one chunk of `bytes` from the provider's share. False: the share is used up; drop the chunk.
    bool admit(const Address& provider, std::size_t bytes, Steady now);

  private:
    struct Bucket {
        double chunks = kChunkBurst;
        double bytes = kByteBurst;
        Steady at{};
    };
    void forget_full(Steady now);

    std::map<Address, Bucket> buckets_;
    Steady swept_{};
};

}  // namespace lamda::dispatch
