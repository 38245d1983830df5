// MemoryBudget: limits the bytes of all answers in progress; they are counted before they are allocated.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>

namespace lamda {

/// Thread-safe. Must outlive its shares.
class MemoryBudget {
  public:
    /// Bytes of the budget in use until the share is destroyed.
    class Share {
      public:
        Share() = default;
        Share(Share&& other) noexcept;
        Share& operator=(Share&& other) noexcept;
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;
        ~Share() { shrink_to(0); }
        std::size_t bytes() const { return bytes_; }
        /// Returns the bytes above `bytes` to the budget.
        void shrink_to(std::size_t bytes);

      private:
        friend class MemoryBudget;
        Share(MemoryBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {}
        MemoryBudget* budget_ = nullptr;
        std::size_t bytes_ = 0;
    };

    /// @param most bytes
    explicit MemoryBudget(std::size_t most) : most_(most) {}
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// Nothing if fewer bytes are left.
    std::optional<Share> take(std::size_t bytes);
    /// Counts bytes that exist already, even above the limit: the next take() is refused then.
    Share charge(std::size_t bytes);

    std::size_t most() const { return most_; }
    std::size_t used() const;
    /// Highest number of bytes in use so far.
    std::size_t peak() const;

  private:
    void give_back(std::size_t bytes);

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::size_t used_ = 0;
    std::size_t peak_ = 0;
};

}  // namespace lamda
