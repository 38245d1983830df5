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
#include "services/node-agent/executor/docker/container_plan.hpp"
#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/host_lookup.hpp"
#include "services/node-agent/executor/image_policy.hpp"
#include "services/node-agent/executor/pulled_images.hpp"
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
    ImagePolicy images;
    /// Resolves a registry's host to numeric addresses. @throws std::runtime_error if there are none
    std::function<std::vector<std::string>(const std::string& host)> look_up = &look_up_host;
    Millis pull_timeout{1'800'000};
};

/// Thread-safe; each slot calls serve(). After a transient failure a step is retried with a growing pause,
/// during which the slot takes other attempts. A retraction ends the pause at once.
class Runner {
  public:
    Runner(RunnerConfig config, Journal& journal, const StatusWriter& statuses, RetrySchedule& retries,
           PulledImages& pulled, DockerEngine& engine, ipfs::TreeStore& content, bus::Bus& bus,
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
    void run(const AttemptKey& key, const std::stop_token& stop);
    void advance(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// From acceptance to a created container; in runner_prepare.cpp.
    Step prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// Requested resource that this machine lacks: `refused`, or the code of a transient failure.
    std::optional<Failure> missing_resource(const wire::Requirements& requirements);
    Step fetch_input(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// Image by the policy: a listed local image, one that this agent has pulled, or a new pull. Absent: the
    /// attempt has failed or waits for a retry.
    std::optional<Image> obtain_image(const AttemptKey& key, const std::string& name,
                                      const std::stop_token& stop);
    /// Reason not to pull from the registry of `name` now; absent: none.
    std::optional<Failure> registry_refusal(const std::string& name) const;
    Image pull(const std::string& name, const std::stop_token& stop);
    Step create(const AttemptKey& key, const Attempt& attempt, const Image& image,
                const std::stop_token& stop);
    /// From a created container to its recorded run: start, follow, conclude; in runner_follow.cpp.
    Step start(const AttemptKey& key, const Attempt& attempt);
    Step follow(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// Time since the container was first followed by any process since boot.
    Millis followed_for(const AttemptKey& key);
    /// Records a shutdown of the engine for a container that has just ended: a shutdown stops containers.
    void note_lost_engine(const AttemptKey& key);
    /// State of an ended container. Polls briefly, because the engine may report an OOM kill after the end.
    std::optional<ContainerState> inspect_ended(const AttemptKey& key);
    /// Determines the outcome of an ended container, and records the run if its output is to be stored.
    Step conclude(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// From a recorded run to the final status; in runner_store.cpp.
    void complete(const AttemptKey& key, const Attempt& attempt, const RunResult& ran,
                  const std::stop_token& stop);
    /// Moves the output of an earlier attempt's run into this attempt's folder. Returns false if that output
    /// is missing: the job must run again.
    bool take_over_output(const AttemptKey& key, const Attempt& attempt);
    std::optional<Cid> store_output(const AttemptKey& key, const RunResult& ran, const std::stop_token& stop);
    void publish_logs(const AttemptKey& key);
    /// Handles a transient failure: retry after a pause, or `failed` once the retry time is over.
    Step try_later(const AttemptKey& key, const Failure& failure, const std::stop_token& stop);
    Step fail(const AttemptKey& key, const Failure& failure);
    JobDirs dirs_of(const AttemptKey& key) const { return JobDirs(config_.jobs_dir + "/" + key.name()); }

    RunnerConfig config_;
    Journal& journal_;
    const StatusWriter& statuses_;
    RetrySchedule& retries_;
    PulledImages& pulled_;
    DockerEngine& engine_;
    ipfs::TreeStore& content_;
    bus::Bus& bus_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    std::mutex mutex_;
    std::map<AttemptKey, std::stop_source> locked_;  ///< taken by a slot
};

}  // namespace lamda::agent
