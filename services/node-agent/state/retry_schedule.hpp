// Attempts that wait for a registry, a source, a store or the engine: when each is tried next. An attempt
// that waits holds no slot.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// Pauses double from `first` up to `longest`.
struct RetryPolicy {
    Millis first{1'000};
    Millis longest{60'000};
    Millis patience{900'000};  ///< from the first failure of a step on; the last try is at its end
};

/// Thread-safe. In memory only: a restart of the agent tries at once and has its patience again.
class RetrySchedule {
  public:
    RetrySchedule(RetryPolicy policy, const Clock& clock);

    struct Pause {
        Millis time;
        unsigned tries;  ///< that have failed
    };
    /// Notes that `step` of the attempt failed. The pause before its next try; absent: patience is used up,
    /// and the attempt is forgotten. Another step than the last one starts anew.
    std::optional<Pause> failed(const AttemptKey& key, wire::ErrorCode step);
    /// As failed(), for a step that is tried for ever.
    Pause failed_for_now(const AttemptKey& key, wire::ErrorCode step);
    /// The step before has succeeded, or the attempt has ended.
    void forget(const AttemptKey& key);
    /// A slot has taken the attempt: until the next failure it does not wait.
    void taken(const AttemptKey& key);

    /// False during a pause.
    bool due(const AttemptKey& key) const;
    bool waiting(const AttemptKey& key) const;
    /// Attempts that fill the agent's room. Those that wait leave theirs to others, up to `capacity` of them:
    /// what has piled up on disk is bounded.
    std::size_t occupied(const std::vector<AttemptKey>& active, std::size_t capacity) const;

  private:
    struct Entry {
        wire::ErrorCode step;
        Steady since;
        Steady next;
        unsigned tries = 0;
        bool waits = false;
    };
    Entry& note(const AttemptKey& key, wire::ErrorCode step);
    Pause postpone(Entry& entry, Millis longest);

    RetryPolicy policy_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::map<AttemptKey, Entry> entries_;
};

}  // namespace lamda::agent
