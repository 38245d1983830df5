#include "heartbeats.hpp"

#include <condition_variable>

#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

void note_heartbeat(const bus::Message& message, PresenceClock& presence, const Clock& clock) {
    const auto from = wire::provider_of(message.subject);
    const auto heartbeat = wire::parse_heartbeat(message.body);
    if (from && heartbeat && *from == heartbeat->provider) {
        presence.heartbeat(*from, heartbeat->capacity, heartbeat->running, clock.steady());
    }
}

void keep_bus_ready(const std::stop_token& stop, bus::Bus& bus, BusSetup& setup, store::Database& database) {
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
        setup.forget();
        setup.ensure_streams();
        for (const auto& provider : providers_at_work(database)) {
            setup.ensure_provider(provider);
        }
    }
}

}  // namespace lamda::dispatch
