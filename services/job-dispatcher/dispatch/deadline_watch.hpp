// For how long attempts have been prepared or run, as this process has seen it by the steady clock. In
// memory: a restart starts it again, which costs time and no attempt; a wall clock that steps, here or at the
// database, ends none.
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
    /// The attempts that are out now; those not named are forgotten.
    void watch(const std::vector<Attempt>& attempts, Steady now);
    /// Since the attempt was first watched in its state.
    Millis elapsed(const Attempt& attempt, Steady now) const;

  private:
    std::map<Attempt, Steady> since_;
};

}  // namespace lamda::dispatch
