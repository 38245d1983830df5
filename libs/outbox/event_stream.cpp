#include "outbox/event_stream.hpp"

#include "wire/subjects.hpp"

namespace lamda::outbox {

bus::StreamSpec events_stream() {
    bus::StreamSpec out;
    out.name = wire::kEventsStream;
    out.subjects = {"events.>"};
    out.retention = bus::StreamSpec::Retention::kLimits;
    out.max_age = std::chrono::hours(1);
    out.max_bytes = 1LL << 28;
    return out;
}

}  // namespace lamda::outbox
