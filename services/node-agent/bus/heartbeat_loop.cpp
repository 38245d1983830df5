#include "services/node-agent/bus/heartbeat_loop.hpp"

#include "runtime/app.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr Millis kEvery{5'000};
/// The first heartbeat makes the dispatcher create the durables, so it is sent right after connecting.
constexpr Millis kUntilConnected{100};
}  // namespace

HeartbeatLoop::HeartbeatLoop(bus::Bus& bus, const Journal& journal, const crypto::Signer& signer,
                             const AgentTerms& terms, HeartbeatSequence& sequence, const WorkGate& gate,
                             const Clock& clock, telemetry::Metrics& metrics)
    : bus_(bus),
      journal_(journal),
      signer_(signer),
      sequence_(sequence),
      terms_(terms),
      gate_(gate),
      clock_(clock),
      running_(metrics.gauge("lamda_agent_running", "Attempts accepted and not ended")),
      waiting_(metrics.gauge("lamda_agent_waiting",
                             "Attempts that wait to retry a registry, a source, a store or the engine, and "
                             "hold no slot")) {}

void HeartbeatLoop::run(const std::stop_token& stop) {
    const auto subscription =
        bus_.subscribe(wire::heartbeat_subject(signer_.address()), "", [this](const bus::Message& message) {
            const auto market = domain();
            if (market && gate_.duplicates.observe(message.body, *market)) {
                beat();
            }
        });
    bool sent = false;
    do {
        sent = bus_.connected();
        beat();
    } while (runtime::pause(stop, sent ? kEvery : kUntilConnected));
}

std::optional<eth::Eip712Domain> HeartbeatLoop::domain() const {
    const auto chain = terms_.identity.known();
    return chain ? std::optional(wire::market_domain(*chain, terms_.job_manager)) : std::nullopt;
}

void HeartbeatLoop::beat() {
    const std::lock_guard lock(beating_);
    wire::Heartbeat heartbeat;
    heartbeat.provider = signer_.address();
    heartbeat.at = clock_.now();
    heartbeat.agent_version = LAMDA_VERSION;
    // With capacity 0 the dispatcher's accept timeout does not run.
    const bool takes_work = !gate_.duplicates.present() && !gate_.settings.contradicted();
    heartbeat.capacity = takes_work ? static_cast<std::uint32_t>(terms_.capacity) : 0;
    const auto active = journal_.active_attempts();
    // Counted as in AssignmentLoop, so that the dispatcher's accept timeout uses the same number.
    heartbeat.running = static_cast<std::uint32_t>(gate_.retries.occupied(active, terms_.capacity));
    heartbeat.instance = gate_.duplicates.instance();
    running_.set(static_cast<double>(active.size()));
    waiting_.set(static_cast<double>(active.size()) - heartbeat.running);
    const auto market = domain();
    if (!market || !bus_.connected()) {
        return;  // a heartbeat that is delivered late is useless
    }
    heartbeat.seq = sequence_.next();
    heartbeat = wire::sign_heartbeat(std::move(heartbeat), *market, signer_);
    bus_.publish(wire::heartbeat_subject(heartbeat.provider), wire::to_json(heartbeat));
}

}  // namespace lamda::agent
