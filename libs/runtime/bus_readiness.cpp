#include "runtime/readiness.hpp"

namespace lamda::runtime {

void watch_bus(App& app, bus::Bus& bus) {
    app.probe("nats", [&bus] {
        if (!bus.connected()) {
            throw std::runtime_error("not connected");
        }
    });
}

}  // namespace lamda::runtime
