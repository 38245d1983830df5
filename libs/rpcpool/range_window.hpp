// How many blocks one eth_getLogs may span at one node: learned from its failures, whatever their text, and
// from the size of its answers.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lamda::rpcpool {

/// An answer over a range does not prove that it is complete, and behind one address there may be nodes that
/// lag and say "no logs" of what they lack. So ranges are asked for only so many blocks below the head.
constexpr std::uint64_t kSettledDepth = 128;

/// Starts small and grows fast until the first failure, as TCP does; after it, slowly.
class RangeWindow {
  public:
    static constexpr std::uint64_t kFirst = 32;
    static constexpr std::uint64_t kMost = 100'000;
    /// Larger answers gain nothing, and several of them are in memory at once.
    static constexpr std::uint64_t kBytesWanted = 4U << 20;

    std::uint64_t size() const { return size_; }
    /// The largest range that is known to be allowed; 0: no limit was met yet.
    std::uint64_t limit() const { return limited_ ? size_ : 0; }
    /// As it was learned in an earlier life.
    void recall(std::uint64_t limit) {
        size_ = std::clamp<std::uint64_t>(limit, 1, kMost);
        limited_ = true;
    }
    /// A query over `blocks` blocks failed.
    void failed(std::uint64_t blocks) {
        size_ = std::max<std::uint64_t>(1, std::min(size_, blocks) / 2);
        limited_ = true;
        successes_ = 0;
    }
    /// A query over `blocks` blocks was answered with that many bytes.
    void answered(std::uint64_t blocks, std::uint64_t bytes) {
        if (bytes > kBytesWanted) {
            size_ = std::min(size_, std::max<std::uint64_t>(1, blocks * kBytesWanted / bytes));
            return;
        }
        if (blocks < size_) {
            return;  // the last piece of a chain says nothing about more
        }
        const auto by_bytes = blocks * kBytesWanted / std::max<std::uint64_t>(bytes, 1);
        if (!limited_) {
            size_ = std::min({kMost, size_ * 4, std::max(size_, by_bytes)});
        } else if (++successes_ % 8 == 0) {
            size_ =
                std::min({kMost, size_ + std::max<std::uint64_t>(1, size_ / 4), std::max(size_, by_bytes)});
        }
    }

  private:
    std::uint64_t size_ = kFirst;
    bool limited_ = false;
    unsigned successes_ = 0;
};

}  // namespace lamda::rpcpool
