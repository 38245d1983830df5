// LeaseTimeout: how long an instance keeps the lease while no endpoint answers. Pure.
#pragma once

#include <optional>

#include "core/clock.hpp"

namespace lamda::ingest {

/// 30 s; then another instance may try, which may reach endpoints that this one does not. Doubles with each
/// period without any answer, up to 8 minutes, so that two failing instances do not alternate for ever.
class LeaseTimeout {
  public:
    static constexpr Millis kFirst{30'000};
    static constexpr Millis kMost{480'000};

    /// Notes an answer of an endpoint; the time starts at 30 s again.
    void answered();
    /// Notes that this instance begins or stops reading; earlier failures do not count.
    void begin();
    /// Notes a failed poll. True: the time is over, and the count starts again.
    bool failed(Steady now);

  private:
    std::optional<Steady> failing_since_;
    Millis timeout_ = kFirst;
};

}  // namespace lamda::ingest
