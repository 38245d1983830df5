// WaitAllowance: the time that a server still waits for the bytes of one client.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "http/body_stream.hpp"

namespace lamda::http {

class WaitAllowance {
  public:
    using Seconds = std::chrono::duration<double>;
    /// Longest single wait. With less left, the next bytes have to arrive in the time that is left.
    static constexpr std::chrono::milliseconds kSlice{50};

    explicit WaitAllowance(const StreamLimits& limits)
        : most_(limits.most_wait), rate_(static_cast<double>(limits.least_rate)), left_(most_) {}

    /// Each byte gives 1/`least_rate` seconds back, up to `most_wait`.
    void received(std::size_t bytes) {
        left_ = std::min(most_, left_ + Seconds(static_cast<double>(bytes) / rate_));
    }
    /// Takes one wait of at most kSlice off. False: the client is too slow. One read may be late, because the
    /// machine and not the client may have been slow; the debt is forgiven only once, for the next wait
    /// begins without an allowance.
    bool waited(Seconds elapsed, bool arrived) {
        const bool spent = left_ < kSlice;
        left_ -= elapsed;
        const bool late = left_.count() <= 0;
        left_ = std::max(left_, Seconds(0));
        return !late || (arrived && !spent);
    }

  private:
    const Seconds most_;
    const double rate_;
    Seconds left_;
};

}  // namespace lamda::http
