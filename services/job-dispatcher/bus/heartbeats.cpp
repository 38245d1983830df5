#include "services/job-dispatcher/bus/heartbeats.hpp"

#include "wire/heartbeat_check.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

void note_heartbeat(const bus::Message& message, TokenBuckets<Address>& shares, PresenceClock& presence,
                    const eth::Eip712Domain& deployment, const Clock& clock) {
    const auto from = wire::provider_of(message.subject);
    if (!from || !shares.take(*from, clock.steady())) {
        return;
    }
    const auto heartbeat = wire::read_heartbeat(message.subject, message.body);
    if (!heartbeat) {
        return;
    }
    const auto newest = presence.newest_seq(heartbeat->provider);
    if (newest && wire::check_heartbeat(*heartbeat, *newest, deployment, clock.now())) {
        presence.heartbeat(*heartbeat, clock.steady());
    }
}

}  // namespace lamda::dispatch
