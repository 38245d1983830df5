// Loops that may hang in somebody else's answer: at the end they are left behind instead of being waited for.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>

#include "core/clock.hpp"

namespace lamda::agent {

/// Safe for this process because every step of it may be cut by SIGKILL anyway: what matters is on disk.
class Abandoning {
  public:
    using Body = std::function<void(const std::stop_token&)>;
    /// A body that runs `inner` on a thread of its own and returns, when stopped, at the latest after
    /// `patience`. What `inner` throws, it throws.
    Body wrap(Body inner, Millis patience = Millis(3'000));
    /// Whether a thread was left behind. The process must then end without destroying what that thread uses.
    bool left_behind() const { return left_behind_; }

  private:
    std::atomic<bool> left_behind_ = false;
};

}  // namespace lamda::agent
