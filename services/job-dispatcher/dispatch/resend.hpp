// Sends assignments and retractions again: they are owed until their effect is seen, since the bus may lose
// what it acknowledged.
#pragma once

#include <map>
#include <vector>

#include "services/job-dispatcher/dispatch/presence_clock.hpp"
#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/jobs/job_case.hpp"

namespace lamda::dispatch {

/// One attempt of one job.
struct SentAttempt {
    JobId job;
    std::uint32_t attempt = 0;
    auto operator<=>(const SentAttempt&) const = default;
};

/// Decides when an assignment is sent again: after each third of the accept timeout that its provider was
/// present with free capacity, but no sooner than after 5 s. No I/O.
class ResendPace {
  public:
    explicit ResendPace(Millis accept_timeout);
    /// Returns the attempts that are due now. Forgets those that no longer wait.
    std::vector<SentAttempt> due(const std::vector<PresenceClock::Waited>& waited);

  private:
    Millis step_;
    std::map<SentAttempt, std::int64_t> steps_;  ///< steps passed at the last call
};

/// Puts the assignments of those attempts into the outbox that are still `assigned`. @returns their number
std::size_t resend_assignments(store::Txn& txn, const std::vector<SentAttempt>& attempts);
/// Puts the current assignment of each job with an active attempt into the outbox. @returns their number
std::size_t resend_open_attempts(store::Txn& txn, const std::vector<JobId>& jobs);
/// Puts the retractions of these attempts into the outbox.
void resend_retractions(store::Txn& txn, const std::vector<VoidAttempt>& attempts);

}  // namespace lamda::dispatch
