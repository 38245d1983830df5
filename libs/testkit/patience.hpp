// Time limits of tests on a loaded machine.
#pragma once

#include "core/clock.hpp"

namespace lamda::testkit {

/// LAMDA_TEST_PATIENCE, 1 if unset: a factor for every upper bound. It takes time only in a failing test.
int patience();

/// Timeout of a call that has to be answered. Only a hang reaches it, on any machine.
inline constexpr Millis kCallTimeout{120'000};

}  // namespace lamda::testkit
