// How much longer than on an idle machine a test may wait.
#pragma once

namespace lamda::testkit {

/// LAMDA_TEST_PATIENCE, 1 without it: a factor for every upper bound. It costs only where a test fails.
int patience();

}  // namespace lamda::testkit
