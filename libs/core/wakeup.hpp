// Wakeup: ends the pause of a loop early.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "core/clock.hpp"

namespace lamda {

/// One loop waits, any thread wakes it. A wake() before the wait ends the next wait at once. Thread-safe.
class Wakeup {
  public:
    void wake() {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    }
    /// Returns after `time`, or earlier if woken or stopped. False if stopped.
    bool wait(const std::stop_token& stop, Millis time) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, time, [this] { return woken_; });
        woken_ = false;
        return !stop.stop_requested();
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;
};

}  // namespace lamda
