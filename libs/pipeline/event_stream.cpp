#include "pipeline/event_stream.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>

#include "wire/subjects.hpp"

namespace lamda::pipeline {

bus::StreamSpec events_stream() {
    bus::StreamSpec out;
    out.name = wire::kEventsStream;
    out.subjects = {"events.>"};
    out.retention = bus::StreamSpec::Retention::kLimits;
    out.max_age = std::chrono::hours(1);
    out.max_bytes = 1LL << 28;
    return out;
}

void at_each_connection(const std::stop_token& stop, bus::Bus& bus, const std::function<void()>& action) {
    struct Signal {
        std::mutex mutex;
        std::condition_variable_any changed;
        std::uint64_t connections = 0;  // counted: one that came back at once must not be missed
    };
    // Shared with the callback, which may come after this loop has ended.
    const auto signal = std::make_shared<Signal>();
    bus.on_change([signal](bool connected) {
        if (connected) {
            const std::lock_guard lock(signal->mutex);
            ++signal->connections;
            signal->changed.notify_all();
        }
    });
    if (bus.connected()) {
        const std::lock_guard lock(signal->mutex);
        ++signal->connections;
    }
    std::uint64_t handled = 0;
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(signal->mutex);
            signal->changed.wait(lock, stop, [&] { return signal->connections != handled; });
            handled = signal->connections;
        }
        if (stop.stop_requested()) {
            return;
        }
        action();
    }
}

}  // namespace lamda::pipeline
