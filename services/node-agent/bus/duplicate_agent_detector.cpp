#include "services/node-agent/bus/duplicate_agent_detector.hpp"

#include <fmt/format.h>

#include "wire/messages.hpp"

namespace lamda::agent {

namespace {
constexpr auto kCheck = "alone";
}

DuplicateAgentDetector::DuplicateAgentDetector(const Address& provider, std::string instance,
                                               std::uint64_t started_at, const Clock& clock,
                                               telemetry::Log log, telemetry::Health& health)
    : provider_(provider),
      instance_(std::move(instance)),
      clock_(clock),
      log_(std::move(log)),
      health_(health),
      newest_(started_at) {
    health_.set(kCheck, true);
}

bool DuplicateAgentDetector::observe(std::string_view message, const eth::Eip712Domain& market) {
    const auto heartbeat = wire::parse_heartbeat(message);
    if (!heartbeat || heartbeat->provider != provider_ || heartbeat->instance.empty() ||
        heartbeat->instance == instance_) {
        return false;
    }
    const std::lock_guard lock(mutex_);
    if (heartbeat->seq <= newest_ || !wire::verify_heartbeat(*heartbeat, market)) {
        return false;
    }
    newest_ = heartbeat->seq;
    const bool appeared = !last_seen_;
    last_seen_ = clock_.steady();
    const auto detail = fmt::format(
        "another agent uses this provider's key (instance {}, version {}): stop one of the two; until then "
        "both take no new work",
        heartbeat->instance, heartbeat->agent_version);
    health_.set(kCheck, false, detail);
    if (appeared) {
        log_.error(
            "duplicate agent detected",
            {{"instance", heartbeat->instance}, {"version", heartbeat->agent_version}, {"own", instance_}});
    }
    return appeared;
}

bool DuplicateAgentDetector::present() {
    const std::lock_guard lock(mutex_);
    if (last_seen_ && clock_.steady() - *last_seen_ >= kSilence) {
        last_seen_.reset();
        health_.set(kCheck, true);
        log_.info("duplicate agent gone, accepting new work again");
    }
    return last_seen_.has_value();
}

}  // namespace lamda::agent
