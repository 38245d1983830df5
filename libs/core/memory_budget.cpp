#include "core/memory_budget.hpp"

#include <algorithm>
#include <utility>

namespace lamda {

MemoryBudget::Share::Share(Share&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryBudget::Share& MemoryBudget::Share::operator=(Share&& other) noexcept {
    if (this != &other) {
        shrink_to(0);
        budget_ = std::exchange(other.budget_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

void MemoryBudget::Share::shrink_to(std::size_t bytes) {
    if (budget_ != nullptr && bytes < bytes_) {
        budget_->give_back(bytes_ - bytes);
        bytes_ = bytes;
    }
}

std::optional<MemoryBudget::Share> MemoryBudget::take(std::size_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (used_ > most_ || bytes > most_ - used_) {
            return std::nullopt;
        }
        used_ += bytes;
        peak_ = std::max(peak_, used_);
    }
    return Share(*this, bytes);
}

MemoryBudget::Share MemoryBudget::charge(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ += bytes;
    peak_ = std::max(peak_, used_);
    return {*this, bytes};
}

void MemoryBudget::give_back(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
}

std::size_t MemoryBudget::used() const {
    const std::lock_guard lock(mutex_);
    return used_;
}

std::size_t MemoryBudget::peak() const {
    const std::lock_guard lock(mutex_);
    return peak_;
}

}  // namespace lamda
