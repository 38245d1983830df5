// Range size of eth_getLogs at one node: learned from its failures, independent of their text, and from the
// size of its answers.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lamda::rpcpool {

/// Minimum depth below the head of a range that is read by eth_getLogs. A range answer does not prove that it
/// is complete, and a node that lags behind a shared address reports no logs for blocks that it lacks.
constexpr std::uint64_t kSettledDepth = 128;

/// Starts small and grows fast until the first failure, then slowly, as TCP slow start does.
class RangeWindow {
  public:
    static constexpr std::uint64_t kFirst = 32;
    static constexpr std::uint64_t kMost = 100'000;
    /// Target size of an answer. Larger answers gain nothing, and several are in memory at once.
    static constexpr std::uint64_t kBytesWanted = 4U << 20;

    std::uint64_t size() const { return size_; }
    /// The largest range known to be allowed; 0: no limit found yet.
    std::uint64_t limit() const { return limited_ ? size_ : 0; }
    /// Restores a limit that an earlier process run learned.
    void recall(std::uint64_t limit) {
        size_ = std::clamp<std::uint64_t>(limit, 1, kMost);
        limited_ = true;
    }
    /// Notes that a query over `blocks` blocks failed.
    void failed(std::uint64_t blocks) {
        size_ = std::max<std::uint64_t>(1, std::min(size_, blocks) / 2);
        limited_ = true;
        successes_ = 0;
    }
    /// Notes that a query over `blocks` blocks returned `bytes` bytes.
    void answered(std::uint64_t blocks, std::uint64_t bytes) {
        if (bytes > kBytesWanted) {
            size_ = std::min(size_, std::max<std::uint64_t>(1, blocks * kBytesWanted / bytes));
            return;
        }
        if (blocks < size_) {
            return;  // the last range of a chain shows no limit
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
