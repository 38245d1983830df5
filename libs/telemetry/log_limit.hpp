// Limits how often a line is logged that strangers can cause.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace lamda::telemetry {

/// One line in `every` at most. For one thread, or under the owner's lock.
class LogLimit {
  public:
    explicit LogLimit(Millis every) : every_(every) {}
    /// How many lines were left out since the last one, when this one may be logged; nullopt: leave it out.
    std::optional<std::uint64_t> admit(Steady now);

  private:
    Millis every_;
    std::optional<Steady> last_;
    std::uint64_t left_out_ = 0;
};

}  // namespace lamda::telemetry
