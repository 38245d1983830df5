// Runs loops that may block in a remote call on their own threads. A thread that does not stop in time is
// detached.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>

#include "core/clock.hpp"

namespace lamda::agent {

/// Detaching is safe because the agent tolerates SIGKILL at every step: its state is on disk.
class DetachableLoops {
  public:
    using Body = std::function<void(const std::stop_token&)>;
    /// Returns a body that runs `inner` on its own thread. After a stop request the body returns within
    /// `timeout`. Rethrows what `inner` throws.
    Body wrap(Body inner, Millis timeout = Millis(3'000));
    /// True if a thread was detached. The process must then end without destroying objects of that thread.
    bool detached_any() const { return detached_any_; }

  private:
    std::atomic<bool> detached_any_ = false;
};

}  // namespace lamda::agent
