// How long attempts have waited for providers that were there: the accept clock and the silence clock. Last
// values only, in memory: a restart starts them anew, which costs time and no attempt.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::dispatch {

/// Thread-safe.
class PresenceClock {
  public:
    /// Two heartbeats further apart than this do not show that the provider was there in between.
    static constexpr Millis kLongestGap{15'000};

    void heartbeat(const Address& provider, std::uint32_t capacity, std::uint32_t running, Steady at);

    /// What is waited for on one attempt.
    enum class Waiting { kAcceptance, kProgress };
    struct Attempt {
        JobId job_id;
        std::uint32_t attempt;
        Address provider;
        Waiting waiting;
        std::uint32_t last_seq = 0;  ///< of its newest status, whichever instance read that
    };
    /// The attempts that wait now: new ones, and those of which a status came, start at zero; those not named
    /// are forgotten.
    void watch(const std::vector<Attempt>& attempts);

    struct Waited {
        Attempt attempt;
        Millis idle;     ///< present and with room for it: counts against acceptance
        Millis present;  ///< present at all: counts against progress
    };
    /// Only time between consecutive heartbeats received after the attempt was first watched, or last heard
    /// of.
    std::vector<Waited> waited() const;

  private:
    struct Provider {
        std::optional<Steady> last;
        bool had_room = false;
    };
    struct Watched {
        Attempt attempt;
        bool started = false;  ///< a heartbeat came since it is watched
        Millis idle{0};
        Millis present{0};
    };
    using Key = std::pair<JobId, std::uint32_t>;

    mutable std::mutex mutex_;
    std::map<Address, Provider> providers_;
    std::map<Key, Watched> watched_;
    std::multimap<Address, Key> by_provider_;
};

}  // namespace lamda::dispatch
