#include "runtime/readiness.hpp"

namespace lamda::runtime {

void watch_bus(App& app, bus::Bus& bus) {
    app.probe("nats", [&bus] {
        if (const auto trouble = bus.trouble(); !trouble.empty()) {
            throw std::runtime_error(trouble);
        }
    });
}

}  // namespace lamda::runtime
