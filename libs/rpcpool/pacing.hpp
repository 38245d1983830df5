// Timing of reads at the head: the measured block interval, the pace that follows it, back-off with jitter.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::rpcpool {

/// Block interval, measured from header timestamps. Timestamps are whole seconds, so the measurement needs a
/// span of blocks.
class BlockInterval {
  public:
    void observe(BlockNum number, std::uint64_t timestamp);
    /// 1 s until enough blocks were seen.
    Millis get() const { return interval_; }

  private:
    struct Sample {
        std::uint64_t number;
        std::uint64_t timestamp;
    };
    std::optional<Sample> first_;
    std::optional<Sample> middle_;
    Millis interval_{1'000};
};

constexpr Millis kShortestPause{50};
constexpr Millis kLongestPause{2'000};

/// Pauses between reads of the head: until the next block is due, then short while the block is overdue.
/// A read that finds a block at once may be late, so the next one starts a little earlier; a read that was
/// too early delays the next ones. The pace converges to just after each block.
class Pacer {
  public:
    Millis after_new_block(Millis interval);
    Millis after_nothing(Millis interval);

  private:
    double lead_ = 0;  ///< share of the interval by which the next read starts earlier
    bool missed_ = false;
};

/// Growing pauses between failed attempts. Jitter keeps processes from retrying at the same moment.
class Backoff {
  public:
    Backoff(Millis first, Millis most, std::uint32_t seed = std::random_device{}())
        : first_(first), most_(most), random_(seed) {}
    Millis next();
    void reset() { failures_ = 0; }

  private:
    Millis first_;
    Millis most_;
    unsigned failures_ = 0;
    std::minstd_rand random_;
};

}  // namespace lamda::rpcpool
