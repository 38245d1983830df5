// Rate limit of log chunks for each provider, so that one provider's flood delays no other provider's logs.
#pragma once

#include "core/ids.hpp"
#include "core/token_buckets.hpp"

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
    TokenBuckets<Address> chunks_{kChunkBurst, kChunksPerSecond};
    TokenBuckets<Address> bytes_{kByteBurst, kBytesPerSecond};
};

}  // namespace lamda::dispatch
