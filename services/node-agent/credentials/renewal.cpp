#include "services/node-agent/credentials/renewal.hpp"

#include <algorithm>

namespace lamda::agent {

void RenewalSchedule::received(Steady now, Millis lifetime) {
    next_ = now + lifetime * 2 / 3;
    earliest_ = now + pause_;
}

void RenewalSchedule::failed(Steady now) {
    next_ = earliest_ = now + pause_;
    pause_ = std::min(pause_ * 2, kMostPause);
}

void RenewalSchedule::refused_by_bus(Steady now) {
    if (next_ > now && now >= earliest_) {
        next_ = now;
        // Also if the bus refuses what the gateway has just issued.
        pause_ = std::min(pause_ * 2, kMostPause);
    }
}

void RenewalSchedule::unconnected(Steady now) {
    if (now - connected_at_ >= kUnconnected) {
        refused_by_bus(now);
    }
}

}  // namespace lamda::agent
