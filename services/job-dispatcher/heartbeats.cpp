#include "heartbeats.hpp"

#include "pipeline/event_stream.hpp"
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
    pipeline::at_each_connection(stop, bus, [&] {
        setup.forget();
        setup.ensure_streams();
        for (const auto& provider : providers_at_work(database)) {
            setup.ensure_provider(provider);
        }
    });
}

}  // namespace lamda::dispatch
