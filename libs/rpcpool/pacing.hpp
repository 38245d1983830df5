// When to look again: the block interval as measured, and a pace that follows it.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::rpcpool {

/// The block interval, from header timestamps. These are whole seconds, so it takes a span of blocks to know
/// it.
class BlockInterval {
  public:
    void observe(BlockNum number, std::uint64_t timestamp);
    /// 1 s until enough was seen.
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

/// Pauses between looks at the head: long enough that the next block is due, short when it is overdue.
/// A look that finds a block at once may have come late, so the next comes a little earlier; one that came
/// too early pushes back. It settles just after the blocks.
class Pacer {
  public:
    Millis after_new_block(Millis interval);
    Millis after_nothing(Millis interval);

  private:
    double lead_ = 0;  ///< share of the interval by which to come earlier
    bool missed_ = false;
};

/// Growing pauses between attempts that fail, with jitter so that processes do not knock in step.
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
