// Retry schedule of attempts whose registry, source, store or engine is unavailable. An attempt that waits
// for its retry holds no slot.
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
    Millis give_up_after{900'000};  ///< counted from a step's first failure; the last try is at its end
};

/// Thread-safe. In memory only: after a restart each step is tried at once, with the full time again.
class RetrySchedule {
  public:
    RetrySchedule(RetryPolicy policy, const Clock& clock);

    struct Pause {
        Millis time;
        unsigned tries;  ///< failed so far
    };
    /// Records a failure of `step` and returns the pause before its next try. Absent if `give_up_after` is
    /// over; the attempt is then removed. A step other than the last one starts from the first pause.
    std::optional<Pause> failed(const AttemptKey& key, wire::ErrorCode step);
    /// As failed(), for a step that is retried without end.
    Pause failed_for_now(const AttemptKey& key, wire::ErrorCode step);
    /// Removes the attempt: its last step succeeded, or the attempt ended.
    void forget(const AttemptKey& key);
    /// Marks the attempt as taken by a slot: not waiting until its next failure.
    void taken(const AttemptKey& key);

    /// False during a pause.
    bool due(const AttemptKey& key) const;
    bool waiting(const AttemptKey& key) const;
    /// Number of attempts that occupy slots. Waiting attempts do not, up to `capacity` of them, which bounds
    /// the attempts kept on disk.
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
