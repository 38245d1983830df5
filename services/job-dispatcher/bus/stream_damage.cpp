#include "services/job-dispatcher/bus/stream_damage.hpp"

#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {
constexpr Millis kPublishTimeout{5'000};
}  // namespace

std::set<std::string> damaged_records(bus::Bus& bus, const outbox::StreamStates& states) {
    std::set<std::string> out;
    for (const auto& [stream, state] : states) {
        if (state.messages > 0 && !bus.can_read(stream, state.last_sequence)) {
            out.insert(stream);
        }
    }
    return out;
}

void QueueTest::begin() {
    sequences_.clear();
    const std::string jobs = wire::dispatch_subject(Address{});
    const std::string retractions = wire::retract_subject(Address{});
    bus_.purge_stream(wire::kJobsStream, jobs);
    bus_.purge_stream(wire::kRetractStream, retractions);
    const auto outcome = bus_.publish_durable({{jobs, "", "{}"}, {retractions, "", "{}"}}, kPublishTimeout);
    if (!outcome.reason.empty()) {
        throw bus::Unavailable("NATS: test messages: " + outcome.reason);
    }
    for (const auto& [stream, range] : outcome.sequences) {
        sequences_[stream] = range.highest;
    }
}

std::set<std::string> QueueTest::damaged() {
    std::set<std::string> out;
    for (const auto& [stream, sequence] : sequences_) {
        if (!bus_.can_read(stream, sequence)) {
            out.insert(stream);
        }
    }
    return out;
}

}  // namespace lamda::dispatch
