#include "services/node-registry/presence/heartbeat_refusals.hpp"

#include "store/values.hpp"

namespace lamda::registry {

namespace {
constexpr auto kMalformed = "malformed";
}

HeartbeatRefusals::HeartbeatRefusals(const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics)
    : clock_(clock), log_(std::move(log)) {
    for (const auto* reason : {"invalid_signature", "replayed", "too_far_ahead", "too_many", kMalformed}) {
        reasons_.emplace(reason,
                         Reason{metrics.counter("lamda_registry_heartbeats_refused_total",
                                                "Refused heartbeats, by reason.", {{"reason", reason}}),
                                telemetry::LogLimit(kLogEvery)});
    }
}

void HeartbeatRefusals::add(std::string_view subject, const Error& error) {
    const std::lock_guard lock(mutex_);
    auto found = reasons_.find(error.code);
    if (found == reasons_.end()) {
        found = reasons_.find(kMalformed);
    }
    Reason& reason = found->second;
    reason.counter.add();
    if (const auto left_out = reason.lines.admit(clock_.steady())) {
        log_.warn("heartbeat refused", {{"subject", store::storable(subject, 256)},
                                        {"code", error.code},
                                        {"reason", store::storable(error.message, 512)},
                                        {"where", error.where},
                                        {"not_logged_before", *left_out}});
    }
}

}  // namespace lamda::registry
