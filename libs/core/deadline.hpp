// Deadline: the end of a timeout that several waits share, by a clock's steady time.
#pragma once

#include <algorithm>

#include "core/clock.hpp"

namespace lamda {

/// The clock must outlive it. A wait that blocks in another library needs one of a SystemClock: a clock that
/// a test sets does not move while the library waits.
class Deadline {
  public:
    Deadline(const Clock& clock, Millis timeout) : clock_(&clock), at_(clock.steady() + timeout) {}

    /// Time until the deadline, rounded up, so that it is 0 exactly if the deadline has passed.
    Millis left() const { return std::max(std::chrono::ceil<Millis>(at_ - clock_->steady()), Millis(0)); }
    bool passed() const { return clock_->steady() >= at_; }

  private:
    const Clock* clock_;
    Steady at_;
};

}  // namespace lamda
