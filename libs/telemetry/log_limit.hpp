// LogLimit: limits the rate of log lines that external clients can cause.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace lamda::telemetry {

/// At most one line in `every`. Not thread-safe: for one thread, or under the owner's lock.
class LogLimit {
  public:
    explicit LogLimit(Millis every) : every_(every) {}
    /// Number of lines suppressed since the last one if this line may be logged; nullopt: suppress it.
    std::optional<std::uint64_t> admit(Steady now);

  private:
    Millis every_;
    std::optional<Steady> last_;
    std::uint64_t left_out_ = 0;
};

}  // namespace lamda::telemetry
