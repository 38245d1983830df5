#include "services/node-agent/bus/heartbeat_loop.hpp"

#include <algorithm>

#include "runtime/app.hpp"
#include "wire/provider_notice.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr Millis kEvery{5'000};
/// The first heartbeat makes the dispatcher create the durables, so it is sent right after connecting.
constexpr Millis kUntilConnected{100};
/// A notice that has not changed accompanies every sixth heartbeat: readers may have started since.
constexpr unsigned kNoticeEvery = 6;
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

std::string HeartbeatLoop::notice(bool draining) const {
    wire::ProviderNotice out;
    out.draining = draining;
    out.policy = terms_.policy;
    out.policy->most = gate_.resources.per_job();
    if (gate_.resources.known()) {
        out.offered = gate_.resources.total();
        out.free = free_of(*out.offered, use_of(journal_, gate_.retries));
    }
    auto text = wire::to_json(out);
    if (!wire::parse_notice(text)) {
        out.policy.reset();  // longer than the bounds of a notice: nothing is published in part
        text = wire::to_json(out);
    }
    return text;
}

void HeartbeatLoop::beat() {
    const std::lock_guard lock(beating_);
    wire::Heartbeat heartbeat;
    heartbeat.provider = signer_.address();
    heartbeat.at = clock_.now();
    heartbeat.agent_version = LAMDA_VERSION;
    // With capacity 0 the dispatcher's accept timeout does not run.
    const bool draining = gate_.drain.on();
    const bool takes_work = !gate_.duplicates.present() && !gate_.settings.contradicted() && !draining;
    heartbeat.capacity = takes_work ? static_cast<std::uint32_t>(terms_.capacity) : 0;
    const auto active = journal_.active_attempts();
    // Counted as in AssignmentLoop, so that the dispatcher's accept timeout uses the same number.
    const auto occupied = static_cast<std::uint32_t>(gate_.retries.occupied(active, terms_.capacity));
    heartbeat.running = gate_.held_back.any() ? std::max(occupied, heartbeat.capacity) : occupied;
    heartbeat.instance = gate_.duplicates.instance();
    running_.set(static_cast<double>(active.size()));
    waiting_.set(static_cast<double>(active.size()) - occupied);
    const auto market = domain();
    if (!market || !bus_.connected()) {
        return;  // a heartbeat that is delivered late is useless
    }
    heartbeat.seq = sequence_.next();
    heartbeat = wire::sign_heartbeat(std::move(heartbeat), *market, signer_);
    if (auto text = notice(draining); text != last_notice_ || ++beats_since_notice_ >= kNoticeEvery) {
        heartbeat = wire::sign_notice(std::move(heartbeat), text, *market, signer_);
        last_notice_ = std::move(text);
        beats_since_notice_ = 0;
    }
    bus_.publish(wire::heartbeat_subject(heartbeat.provider), wire::to_json(heartbeat));
}

}  // namespace lamda::agent
