#include "ingest/detail/lease_timeout.hpp"

#include <algorithm>

namespace lamda::ingest {

void LeaseTimeout::answered() {
    failing_since_.reset();
    timeout_ = kFirst;
}

void LeaseTimeout::begin() {
    failing_since_.reset();
}

bool LeaseTimeout::failed(Steady now) {
    if (!failing_since_) {
        failing_since_ = now;
    }
    if (now - *failing_since_ < timeout_) {
        return false;
    }
    failing_since_.reset();
    timeout_ = std::min(2 * timeout_, kMost);
    return true;
}

}  // namespace lamda::ingest
