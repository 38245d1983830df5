#include "heartbeats.hpp"

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

}  // namespace lamda::dispatch
