#include "services/job-dispatcher/bus/stream_damage.hpp"

namespace lamda::dispatch {

namespace {

/// The server lists all removed messages or none; the list of so many has some 500 KB.
constexpr std::uint64_t kMostRemoved = 50'000;

bool is_damaged(bus::Bus& bus, const std::string& stream) {
    const auto state = bus.stream_state(stream);
    if (state.messages == 0 || state.removed > kMostRemoved || bus.can_read(stream, state.last_sequence)) {
        return false;
    }
    return bus.holds(stream, state.last_sequence);
}

}  // namespace

std::set<std::string> damaged_streams(bus::Bus& bus, const std::set<std::string>& streams) {
    std::set<std::string> out;
    for (const auto& stream : streams) {
        if (is_damaged(bus, stream)) {
            out.insert(stream);
        }
    }
    return out;
}

}  // namespace lamda::dispatch
