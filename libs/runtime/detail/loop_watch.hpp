// Loops that fail again and again: a process that cannot work must not say that it is ready.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/clock.hpp"

namespace lamda::runtime {

/// Thread-safe.
class LoopWatch {
  public:
    /// One failure may be a connection that was cut; so many in a row are a state.
    static constexpr int kInARow = 3;
    /// A loop has recovered when it has run for so long, and twice the time that it took to fail.
    static constexpr Millis kRecovered{1'000};

    void started(const std::string& loop, Steady now);
    void failed(const std::string& loop, const std::string& reason, Steady now);
    /// The loops that fail again and again, with their last reasons. Empty: none.
    std::string stall(Steady now) const;

  private:
    struct Loop {
        int failures = 0;  ///< in a row
        std::optional<Steady> running_since;
        Millis lasted{0};  ///< the last run, until it failed
        std::string reason;
        bool has_recovered(Steady now) const;
    };
    mutable std::mutex mutex_;
    std::map<std::string, Loop> loops_;
};

}  // namespace lamda::runtime
