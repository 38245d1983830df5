#include "heartbeats.hpp"

#include "pipeline/event_stream.hpp"
#include "wire/heartbeat_check.hpp"

namespace lamda::dispatch {

void note_heartbeat(const bus::Message& message, PresenceClock& presence, const eth::Eip712Domain& market,
                    const Clock& clock) {
    const auto heartbeat = wire::read_heartbeat(message.subject, message.body);
    if (!heartbeat) {
        return;
    }
    const auto newest = presence.newest_seq(heartbeat->provider);
    if (newest && wire::check_heartbeat(*heartbeat, *newest, market, clock.now())) {
        presence.heartbeat(*heartbeat, clock.steady());
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
