#include "heartbeat_loop.hpp"

#include "runtime/app.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr Millis kEvery{5'000};
}

HeartbeatLoop::HeartbeatLoop(bus::Bus& bus, const Journal& journal, const Address& provider,
                             std::size_t capacity, const Clock& clock, telemetry::Metrics& metrics)
    : bus_(bus),
      journal_(journal),
      provider_(provider),
      capacity_(capacity),
      clock_(clock),
      running_(metrics.gauge("lamda_agent_running", "Attempts accepted and not ended")) {}

void HeartbeatLoop::run(const std::stop_token& stop) {
    do {
        wire::Heartbeat heartbeat;
        heartbeat.provider = provider_;
        heartbeat.at = clock_.now();
        heartbeat.agent_version = LAMDA_VERSION;
        heartbeat.capacity = static_cast<std::uint32_t>(capacity_);
        heartbeat.running = static_cast<std::uint32_t>(journal_.active_attempts().size());
        running_.set(heartbeat.running);
        bus_.publish(wire::heartbeat_subject(provider_), wire::to_json(heartbeat));
    } while (runtime::pause(stop, kEvery));
}

}  // namespace lamda::agent
