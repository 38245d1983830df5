// Applies timeouts: attempts without acceptance or progress, specs that do not arrive, old rows. Notes
// in waiting jobs that their provider drains.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <vector>

#include "services/job-dispatcher/dispatch/deadline_watch.hpp"
#include "services/job-dispatcher/dispatch/presence_clock.hpp"
#include "services/job-dispatcher/dispatch/reading_pace.hpp"
#include "services/job-dispatcher/dispatch/resend.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/jobs/job_decisions.hpp"
#include "telemetry/context.hpp"

namespace lamda::dispatch {

struct TimeoutConfig {
    Millis accept_timeout{60'000};
    Millis silence{30'000};
    Millis prepare_limit{6 * 3'600'000};  ///< from acceptance to the first `running`
    Millis run_grace{30 * 60'000};        ///< on top of the spec's time limit: for storing the output
    Millis spec_ttl{24 * 3'600'000};
};

class TimeoutLoop {
  public:
    /// @param statuses_are_read true if the status loop is up to date, so that silence is the agent's
    TimeoutLoop(store::Database& database, TimeoutConfig config, Deployment& deployment,
                const StreamProgress& progress, PresenceClock& presence,
                std::function<bool()> statuses_are_read, const telemetry::Context& context);
    void run(const std::stop_token& stop);
    void pass();
    /// Notes in jobs that wait for a provider that it began or ended to drain: one journal entry for
    /// each change.
    void note_draining();

  private:
    /// Reads all active attempts, at the pace that their number allows.
    void end_silent_attempts();
    /// Returns the attempts that are over one of their limits, by job.
    std::map<JobId, OverdueAttempt> overdue_attempts(const std::vector<ActiveAttempt>& active);
    /// Ends those that are still current; returns the number of jobs changed.
    std::size_t end_attempts(const std::map<JobId, OverdueAttempt>& overdue);
    /// Sends again what is owed: assignments without any effect for a third of ACCEPT_TIMEOUT, and
    /// retractions.
    void resend();
    void expire_specs();
    /// Loads the jobs, decides about each, and saves the changes; returns their number.
    std::size_t change_jobs(store::Txn& txn, const std::vector<JobId>& ids, const Policy& policy,
                            const std::function<JobWrite(const JobCase&, Timestamp)>& decide);
    void tidy();
    void count_jobs();

    store::Database& database_;
    TimeoutConfig config_;
    Deployment& deployment_;
    const StreamProgress& progress_;
    PresenceClock& presence_;
    std::function<bool()> statuses_are_read_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Counter retries_;
    telemetry::Counter resent_;
    DeadlineWatch deadlines_;
    ReadingPace pace_of_reading_;
    ResendPace pace_;
    std::vector<SentAttempt> to_resend_;  ///< found by overdue_attempts(), not sent yet
};

}  // namespace lamda::dispatch
