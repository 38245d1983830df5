// How long attempts have waited for providers that were there: the accept clock and the silence clock. Last
// values only, in memory: a restart starts them anew, which costs time and no attempt.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "wire/messages.hpp"

namespace lamda::dispatch {

/// Thread-safe.
class PresenceClock {
  public:
    /// Two heartbeats further apart than this do not show that the provider was there in between.
    static constexpr Millis kLongestGap{15'000};

    /// The greatest seq taken from a provider whose attempts wait; nullopt: none of its attempts waits, and
    /// its heartbeats say nothing here.
    std::optional<std::uint64_t> newest_seq(const Address& provider) const;
    /// Of a provider whose attempts wait; others' are left out. Who sent it is the caller's to verify.
    void heartbeat(const wire::Heartbeat& heartbeat, Steady at);

    /// What is waited for on one attempt.
    enum class Waiting { kAcceptance, kProgress };
    struct Attempt {
        JobId job_id;
        std::uint32_t attempt;
        Address provider;
        Waiting waiting;
        std::uint32_t last_seq = 0;       ///< of its newest status, whichever instance read that
        std::uint64_t heartbeat_seq = 0;  ///< of the provider's newest heartbeat that the registry accepted
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
        std::uint64_t newest_seq = 0;
    };
    struct Watched {
        Attempt attempt;
        bool started = false;  ///< a heartbeat came since it is watched
        Millis idle{0};
        Millis present{0};
    };
    using Key = std::pair<JobId, std::uint32_t>;

    mutable std::mutex mutex_;
    std::map<Address, Provider> providers_;  ///< whose attempts wait
    std::map<Key, Watched> watched_;
    std::multimap<Address, Key> by_provider_;
};

}  // namespace lamda::dispatch
