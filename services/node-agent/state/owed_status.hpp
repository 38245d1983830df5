// Final statuses that the dispatcher has not applied yet, and the pauses after which they are sent again. The
// bus may lose what it acknowledged, so its acknowledgement does not end the debt. No I/O.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/clock.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// A signed status that is owed to the dispatcher.
struct OwedStatus {
    AttemptKey key;
    std::uint32_t seq = 0;
    std::string json;
    bool sent = false;  ///< the bus has acknowledged it at least once
    bool operator==(const OwedStatus&) const = default;
};

/// Returns the owed statuses of a job: final statuses, and the report that its retracted attempts have
/// stopped. Leaves out those that wait in an outbox.
std::vector<OwedStatus> owed_statuses(const JobId& job, const JobRecord& record);
/// True if a retraction is to be answered by a report now: nothing of the retracted attempts exists any more.
/// An attempt with a final status needs no report.
bool report_due(const JobRecord& record);
/// Handles a retraction that may come again: the dispatcher has not applied an earlier report of it, so the
/// same bytes are owed, and not sent yet.
void ask_again(JobRecord& record, const wire::Retraction& retraction);
/// Records that the dispatcher has applied a status.
void note_applied(JobRecord& record, const wire::StatusApplied& applied);

/// Times of repeated statuses: kFirst after the first sending, then twice as long each time, up to kLongest.
/// In memory: a restarted agent begins with kFirst.
class RepeatSchedule {
  public:
    static constexpr Millis kFirst{15'000};
    static constexpr Millis kLongest{6 * 3'600'000};

    /// Returns those that are to be sent now. A status that the bus has never acknowledged is due at once.
    /// Forgets statuses that are no longer owed.
    std::vector<OwedStatus> due(const std::vector<OwedStatus>& owed, Steady now);

  private:
    struct Turn {
        Steady at{};
        Millis pause{kFirst};
    };
    /// Attempt, seq, sent. A status that is not sent any more begins again.
    using Key = std::tuple<AttemptKey, std::uint32_t, bool>;
    std::map<Key, Turn> turns_;
};

}  // namespace lamda::agent
