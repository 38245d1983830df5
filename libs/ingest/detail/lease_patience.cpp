#include "ingest/detail/lease_patience.hpp"

#include <algorithm>

namespace lamda::ingest {

void LeasePatience::answered() {
    failing_since_.reset();
    patience_ = kFirst;
}

void LeasePatience::begin() {
    failing_since_.reset();
}

bool LeasePatience::failed(Steady now) {
    if (!failing_since_) {
        failing_since_ = now;
    }
    if (now - *failing_since_ < patience_) {
        return false;
    }
    failing_since_.reset();
    patience_ = std::min(2 * patience_, kMost);
    return true;
}

}  // namespace lamda::ingest
