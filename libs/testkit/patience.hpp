// Factor for the time limits of tests on a loaded machine.
#pragma once

namespace lamda::testkit {

/// LAMDA_TEST_PATIENCE, 1 if unset: a factor for every upper bound. It takes time only in a failing test.
int patience();

}  // namespace lamda::testkit
