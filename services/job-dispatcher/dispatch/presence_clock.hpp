// Measures how long attempts have waited for present providers: the accept clock and the silence clock. Last
// values only, in memory: a restart starts again, which delays a timeout and ends no attempt.
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
    /// Two heartbeats further apart than this do not prove presence in between.
    static constexpr Millis kLongestGap{15'000};

    /// Returns the greatest seq accepted from a provider with waiting attempts; nullopt: no attempt of this
    /// provider waits, its heartbeats are not needed.
    std::optional<std::uint64_t> newest_seq(const Address& provider) const;
    /// Records a heartbeat of a provider with waiting attempts; ignores other providers. The caller has
    /// verified the signature.
    void heartbeat(const wire::Heartbeat& heartbeat, Steady at);

    /// The event that an attempt waits for.
    enum class Waiting { kAcceptance, kProgress };
    struct Attempt {
        JobId job_id;
        std::uint32_t attempt;
        Address provider;
        Waiting waiting;
        std::uint32_t last_seq = 0;       ///< of the newest status, read by any instance
        std::uint64_t heartbeat_seq = 0;  ///< of the provider's newest heartbeat accepted by the registry
    };
    /// Sets the waiting attempts. New ones, and those with a new status, start at zero; others are dropped.
    void watch(const std::vector<Attempt>& attempts);

    struct Waited {
        Attempt attempt;
        Millis idle;     ///< present with free capacity: counts against acceptance
        Millis present;  ///< present: counts against progress
    };
    /// Counts only time between consecutive heartbeats that were received after the attempt was first watched
    /// or after its last status.
    std::vector<Waited> waited() const;

  private:
    struct Provider {
        std::optional<Steady> last;
        bool had_room = false;
        std::uint64_t newest_seq = 0;
    };
    struct Watched {
        Attempt attempt;
        bool started = false;  ///< a heartbeat arrived since watch()
        Millis idle{0};
        Millis present{0};
    };
    using Key = std::pair<JobId, std::uint32_t>;

    mutable std::mutex mutex_;
    std::map<Address, Provider> providers_;  ///< with waiting attempts
    std::map<Key, Watched> watched_;
    std::multimap<Address, Key> by_provider_;
};

}  // namespace lamda::dispatch
