// Measures how long attempts have been prepared or run, by this process's steady clock. In memory: a restart
// starts again, which delays a deadline and ends no attempt. Steps of a wall clock, here or at the database,
// have no effect.
#pragma once

#include <map>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "wire/job_state.hpp"

namespace lamda::dispatch {

/// For one thread.
class DeadlineWatch {
  public:
    struct Attempt {
        JobId job_id;
        std::uint32_t attempt = 0;
        wire::WorkState state{};
        auto operator<=>(const Attempt&) const = default;
    };
    /// Sets the active attempts; others are dropped.
    void watch(const std::vector<Attempt>& attempts, Steady now);
    /// Returns the time since the attempt was first watched in its state.
    Millis elapsed(const Attempt& attempt, Steady now) const;

  private:
    std::map<Attempt, Steady> since_;
};

}  // namespace lamda::dispatch
