// How many blocks one eth_getLogs may span: learned from the node's failures, whatever their text.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lamda::chain {

class RangeWindow {
  public:
    explicit RangeWindow(std::uint64_t first) : size_(std::max<std::uint64_t>(first, 1)), most_(size_ * 10) {}
    std::uint64_t size() const { return size_; }
    /// A query over `blocks` blocks failed.
    void failed(std::uint64_t blocks) {
        size_ = std::max<std::uint64_t>(1, std::min(size_, blocks) / 2);
        successes_ = 0;
    }
    /// A query over the whole window was answered; every eighth time it grows by a quarter.
    void succeeded(std::uint64_t blocks) {
        if (blocks >= size_ && ++successes_ % 8 == 0) {
            size_ = std::min(most_, size_ + std::max<std::uint64_t>(1, size_ / 4));
        }
    }

  private:
    std::uint64_t size_;
    std::uint64_t most_;
    unsigned successes_ = 0;
};

}  // namespace lamda::chain
