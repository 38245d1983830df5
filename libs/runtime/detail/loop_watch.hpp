// LoopWatch: detects loops that fail repeatedly, so that the process reports not ready.
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
    /// A single failure may be a lost connection; this many in a row are a lasting failure.
    static constexpr int kInARow = 3;
    /// A loop has recovered after running this long, and twice the time that it took to fail.
    static constexpr Millis kRecovered{1'000};

    void started(const std::string& loop, Steady now);
    void failed(const std::string& loop, const std::string& reason, Steady now);
    /// Loops that fail repeatedly, with their last reasons. Empty: none.
    std::string stall(Steady now) const;

  private:
    struct Loop {
        int failures = 0;  ///< in a row
        std::optional<Steady> running_since;
        Millis lasted{0};  ///< duration of the last failed run
        std::string reason;
        bool has_recovered(Steady now) const;
    };
    mutable std::mutex mutex_;
    std::map<std::string, Loop> loops_;
};

}  // namespace lamda::runtime
