// Implements pause (runtime/app.hpp).
#include "runtime/app.hpp"

namespace lamda::runtime {

bool pause(const std::stop_token& stop, Millis time) {
    return SystemClock().sleep(stop, time);
}

}  // namespace lamda::runtime
