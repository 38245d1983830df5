#include "runtime/app.hpp"

namespace lamda::runtime {

bool pause(const std::stop_token& stop, Millis time) {
    return SystemClock().sleep(stop, time);
}

void wait_for_stop(const std::stop_token& stop) {
    while (pause(stop, std::chrono::hours(1))) {
    }
}

}  // namespace lamda::runtime
