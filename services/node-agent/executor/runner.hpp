// Runs accepted attempts to their final status. Resumes at the step that an earlier process reached.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
#include "ipfs/tree_store.hpp"
#include "services/node-agent/bus/offer.hpp"
#include "services/node-agent/bus/status_publisher.hpp"
#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/executor/secret_files.hpp"
#include "services/node-agent/state/assignment_decision.hpp"
#include "services/node-agent/state/failure.hpp"
#include "services/node-agent/state/journal.hpp"
#include "services/node-agent/state/retry_schedule.hpp"
#include "telemetry/context.hpp"

namespace lamda::agent {

struct RunnerConfig {
    std::string jobs_dir;  ///< absolute; one folder per attempt below
    Address provider;
    std::uint64_t max_input_bytes = 0;
    Offer limits;
    /// Offer to all attempts together. Those that have started run in any case.
    std::function<Offer()> total = [] { return Offer{}; };
};

/// Thread-safe; each slot calls serve(). After a transient failure a step is retried with a growing pause,
/// during which the slot takes other attempts. A retraction ends the pause at once.
class Runner {
  public:
    Runner(RunnerConfig config, Journal& journal, const StatusWriter& statuses, RetrySchedule& retries,
           Executor& executor, SecretFiles& secrets, ipfs::TreeStore& content, bus::Bus& bus,
           const telemetry::Context& context);

    /// Slot loop: takes one attempt after another until stopped. After a stop the container keeps running,
    /// and the attempt is resumed after a restart. @throws DiskError
    void serve(const std::stop_token& stop);
    /// Runs one due attempt to its end or its next pause. Returns false if none is due. @throws DiskError
    bool serve_one(const std::stop_token& stop);
    /// Until stopped: interrupts pulls, downloads and uploads of attempts that were retracted or superseded.
    void interrupt_void(const std::stop_token& stop);

  private:
    class AttemptLock;
    enum class Step { kContinue, kEnded };

    std::optional<AttemptKey> lock_due_attempt();
    /// True if the attempt has started, or its requirements fit next to those of the locked attempts.
    bool has_room(const AttemptKey& key, const Use& used) const;
    void run(const AttemptKey& key, const std::stop_token& stop);
    void advance(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// From acceptance to created work; in runner_prepare.cpp.
    Step prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// Requested resource that this machine lacks, permanently or now.
    std::optional<StepFailure> missing_resource(const wire::Requirements& requirements);
    Step fetch_input(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// From created work to its recorded run: start, follow, conclude; in runner_follow.cpp.
    Step start(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    Step follow(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// Time since the work was first followed by any process since boot.
    Millis followed_for(const AttemptKey& key);
    /// Records a shutdown of the executor for work that has just ended: a shutdown may end work.
    void note_lost_engine(const AttemptKey& key);
    /// Determines the outcome of ended work, and records the run if its output is to be stored.
    Step conclude(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// From a recorded run to the final status; in runner_store.cpp.
    void complete(const AttemptKey& key, const Attempt& attempt, const RunResult& ran,
                  const std::stop_token& stop);
    /// Moves the output of an earlier attempt's run into this attempt's folder. Returns false if that output
    /// is missing: the job must run again.
    bool take_over_output(const AttemptKey& key, const Attempt& attempt);
    std::optional<Cid> store_output(const AttemptKey& key, const RunResult& ran, const std::stop_token& stop);
    /// Best effort; a line is never in chunks of two numbers, even if this process is killed meanwhile.
    /// Publishes the lines that are not published yet; those that the bus has not received stay for the next
    /// call. Does nothing without a connection.
    void publish_logs(const AttemptKey& key);
    /// The next lines to publish; all up to `until` if that is set. Empty: none.
    std::vector<LogLine> next_lines(const AttemptKey& key, const LogPosition& after,
                                    const std::optional<LogPosition>& until);
    /// Handles a transient failure: retry after a pause, or `failed` once the retry time is over.
    Step try_later(const AttemptKey& key, const Failure& failure, const std::stop_token& stop);
    Step fail(const AttemptKey& key, const Failure& failure);
    /// Handles a failed step by its kind.
    Step fail(const AttemptKey& key, const StepFailure& failed, const std::stop_token& stop);
    JobDirs dirs_of(const AttemptKey& key) const { return JobDirs(config_.jobs_dir + "/" + key.name()); }

    RunnerConfig config_;
    Journal& journal_;
    const StatusWriter& statuses_;
    RetrySchedule& retries_;
    Executor& executor_;
    SecretFiles& secrets_;
    ipfs::TreeStore& content_;
    bus::Bus& bus_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    std::mutex mutex_;
    std::map<AttemptKey, std::stop_source> locked_;  ///< taken by a slot
};

}  // namespace lamda::agent
