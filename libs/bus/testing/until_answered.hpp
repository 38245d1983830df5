// Repeats a call of the bus that a busy server answers too late. For tests only.
#pragma once

#include <chrono>
#include <thread>

#include "bus/bus.hpp"
#include "testkit/patience.hpp"

namespace lamda::bus::testing {

/// Calls until the server answers: the bus gives up after the few seconds within which a service has to stop.
/// The call must be idempotent. @throws Unavailable after kCallTimeout; exceptions of the call otherwise
template <class Call>
auto until_answered(Call call) {
    const auto deadline = std::chrono::steady_clock::now() + testkit::kCallTimeout;
    while (true) {
        try {
            return call();
        } catch (const Unavailable&) {
            if (std::chrono::steady_clock::now() >= deadline) {
                throw;
            }
            std::this_thread::sleep_for(Millis(20));  // Unavailable may come at once
        }
    }
}

}  // namespace lamda::bus::testing
