// How long an instance that reads keeps the lease while no endpoint is any help. Pure.
#pragma once

#include <optional>

#include "core/clock.hpp"

namespace lamda::ingest {

/// Half a minute, then another instance may try, which may reach what this one does not. Each time that
/// brings no answer at all is followed by one of twice the length, up to eight minutes: where both instances
/// fail they need not take turns for ever.
class LeasePatience {
  public:
    static constexpr Millis kFirst{30'000};
    static constexpr Millis kMost{480'000};

    /// An endpoint was some help.
    void answered();
    /// This instance reads from now on, or does no longer: what failed before does not count.
    void begin();
    /// None was. True: for long enough, and it begins anew.
    bool failed(Steady now);

  private:
    std::optional<Steady> failing_since_;
    Millis patience_ = kFirst;
};

}  // namespace lamda::ingest
