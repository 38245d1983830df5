#include "services/node-agent/state/heartbeat_sequence.hpp"

#include <algorithm>
#include <charconv>

#include "services/node-agent/state/durable_file.hpp"
#include "wire/heartbeat_check.hpp"

namespace lamda::agent {

HeartbeatSequence::HeartbeatSequence(std::string path, const Clock& clock)
    : path_(std::move(path)), clock_(clock) {
    if (const auto text = read_file(path_)) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), reserved_);
        if (error != std::errc{}) {
            reserved_ = 0;
        }
    }
    last_ = reserved_;
    started_at_ = following();
}

std::uint64_t HeartbeatSequence::following() const {
    const auto now = std::max<Timestamp::rep>(1, clock_.now().time_since_epoch().count());
    const auto clock = static_cast<std::uint64_t>(now);
    const auto most = clock + static_cast<std::uint64_t>(wire::kMostHeartbeatLead.count());
    return last_ >= most ? clock : std::max(last_ + 1, clock);
}

std::uint64_t HeartbeatSequence::next() {
    const std::lock_guard lock(mutex_);
    const auto number = following();
    if (number > reserved_ || number <= last_) {
        const auto reserve = number + kReserve;
        write_durably(path_, std::to_string(reserve), {"agent.heartbeat.written", "agent.heartbeat.renamed"});
        reserved_ = reserve;
    }
    last_ = number;
    return number;
}

}  // namespace lamda::agent
