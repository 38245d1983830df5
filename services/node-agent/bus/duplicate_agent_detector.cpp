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

bool DuplicateAgentDetector::hear(std::string_view message, const eth::Eip712Domain& market) {
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
    const bool news = !heard_;
    heard_ = clock_.steady();
    const auto detail = fmt::format(
        "another agent works with this provider's key (instance {}, version {}): stop one of the two; until "
        "then "
        "both take no new work",
        heartbeat->instance, heartbeat->agent_version);
    health_.set(kCheck, false, detail);
    if (news) {
        log_.error(
            "there is another agent with the same key",
            {{"instance", heartbeat->instance}, {"version", heartbeat->agent_version}, {"own", instance_}});
    }
    return news;
}

bool DuplicateAgentDetector::present() {
    const std::lock_guard lock(mutex_);
    if (heard_ && clock_.steady() - *heard_ >= kSilence) {
        heard_.reset();
        health_.set(kCheck, true);
        log_.info("the other agent with the same key is silent: new work is taken again");
    }
    return heard_.has_value();
}

}  // namespace lamda::agent
