// Schedule of the agent's requests for credentials of the bus. Pure: all times are steady ones.
#pragma once

#include "core/clock.hpp"

namespace lamda::agent {

/// Counts by the steady clock from the receipt, with the issuer's own lifetime, so that no wall clock
/// decides.
class RenewalSchedule {
  public:
    static constexpr Millis kFirstPause{1'000};
    static constexpr Millis kMostPause{60'000};
    /// After this time without a connection the servers may be others: new credentials name them.
    static constexpr Millis kUnconnected{60'000};

    /// Due at once: the age of stored credentials is unknown.
    explicit RenewalSchedule(Steady now) : next_(now), connected_at_(now) {}

    bool due(Steady now) const { return now >= next_; }
    /// The next request is after two thirds of the lifetime.
    void received(Steady now, Millis lifetime);
    /// The next request is after a pause, which doubles up to kMostPause.
    void failed(Steady now);
    /// The bus refuses the login: a request is due at once, or after the present pause since the last one.
    void refused_by_bus(Steady now);
    /// The bus does not answer: a request is due after kUnconnected, then after growing pauses.
    void unconnected(Steady now);
    /// The bus accepts the login: pauses begin with kFirstPause again.
    void connected(Steady now) {
        connected_at_ = now;
        pause_ = kFirstPause;
    }

  private:
    Steady next_;
    Steady connected_at_;
    Steady earliest_{};  ///< of a request because of a refusal
    Millis pause_ = kFirstPause;
};

}  // namespace lamda::agent
