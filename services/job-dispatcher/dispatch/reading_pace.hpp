// Pace of a reading whose cost grows with the number of rows.
#pragma once

#include <algorithm>

#include "core/clock.hpp"

namespace lamda::dispatch {

/// No I/O. For one thread.
class ReadingPace {
  public:
    /// Pause after a reading, as a multiple of its duration: readings of up to 1.1 s take a tenth of the
    /// time.
    static constexpr int kPauses = 9;
    /// Longest pause, whatever a reading takes.
    static constexpr Millis kLongest{10'000};

    bool due(Steady now) const { return now >= next_; }
    void read(Steady begin, Steady end) {
        next_ = end + std::min<Steady::duration>(kPauses * (end - begin), kLongest);
    }

  private:
    Steady next_{};
};

}  // namespace lamda::dispatch
