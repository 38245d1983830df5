#include "heartbeat_loop.hpp"

#include "runtime/app.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr Millis kEvery{5'000};
}

HeartbeatLoop::HeartbeatLoop(bus::Bus& bus, const Journal& journal, const Address& provider,
                             std::size_t capacity, TwinWatch& twins, const Clock& clock,
                             telemetry::Metrics& metrics)
    : bus_(bus),
      journal_(journal),
      provider_(provider),
      capacity_(capacity),
      twins_(twins),
      clock_(clock),
      running_(metrics.gauge("lamda_agent_running", "Attempts accepted and not ended")) {}

void HeartbeatLoop::run(const std::stop_token& stop) {
    const auto ear =
        bus_.subscribe(wire::heartbeat_subject(provider_), "", [this](const bus::Message& message) {
            if (twins_.hear(message.body)) {
                beat();
            }
        });
    do {
        beat();
    } while (runtime::pause(stop, kEvery));
}

void HeartbeatLoop::beat() {
    wire::Heartbeat heartbeat;
    heartbeat.provider = provider_;
    heartbeat.at = clock_.now();
    heartbeat.agent_version = LAMDA_VERSION;
    // Beside a twin there is no room: so no attempt runs out of its time to be accepted.
    heartbeat.capacity = twins_.present() ? 0 : static_cast<std::uint32_t>(capacity_);
    heartbeat.running = static_cast<std::uint32_t>(journal_.active_attempts().size());
    heartbeat.instance = twins_.instance();
    running_.set(heartbeat.running);
    bus_.publish(wire::heartbeat_subject(provider_), wire::to_json(heartbeat));
}

}  // namespace lamda::agent
