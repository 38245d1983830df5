// Takes one accepted attempt to its end, from wherever the last process left it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
#include "ipfs/content_store.hpp"
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
#include "telemetry/metrics.hpp"

namespace lamda::agent {

struct RunnerConfig {
    std::string jobs_dir;  ///< absolute; one folder per attempt below
    Address provider;
    std::uint64_t max_input_bytes = 0;
    Offer limits;
    ImagePolicy images;
    /// Numeric addresses of a registry's host. @throws std::runtime_error when there are none
    std::function<std::vector<std::string>(const std::string& host)> look_up = &look_up_host;
    Millis pull_timeout{1'800'000};
};

/// Thread-safe; each slot calls serve(). A step that fails for a passing reason is tried again after a
/// growing pause, in which the slot takes other attempts. The pauses end at once when the attempt is
/// retracted.
class Runner {
  public:
    Runner(RunnerConfig config, Journal& journal, const StatusWriter& statuses, RetrySchedule& retries,
           PulledImages& pulled, DockerEngine& engine, ipfs::ContentStore& content, bus::Bus& bus,
           const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics);

    /// One slot: takes attempts one after the other until stopped. When it ends early, the container runs on
    /// and the attempt is taken up again after a restart. @throws DiskError
    void serve(const std::stop_token& stop);
    /// Takes one attempt that is due to its end or to its next pause. False: none is due. @throws DiskError
    bool serve_one(const std::stop_token& stop);
    /// Interrupts what is under way (a pull, a download, an upload) for attempts that were retracted or
    /// overtaken, until stopped.
    void interrupt_void(const std::stop_token& stop);

  private:
    class AttemptLock;
    enum class Step { kGoOn, kEnded };

    std::optional<AttemptKey> lock_due_attempt();
    void run(const AttemptKey& key, const std::stop_token& stop);
    void advance(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// From acceptance to a container that is created; in runner_prepare.cpp.
    Step prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// What the job asks for and this machine does not have: `refused`, or a code that may pass.
    std::optional<Failure> lacking(const wire::Requirements& requirements);
    Step fetch_input(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// By the policy: a listed local image, one that this agent has pulled, or else pulled now. Absent: the
    /// attempt goes no further now.
    std::optional<Image> obtain_image(const AttemptKey& key, const std::string& name,
                                      const std::stop_token& stop);
    /// Why nothing is pulled from the registry of `name` now.
    std::optional<Failure> registry_refusal(const std::string& name) const;
    Image pull(const std::string& name, const std::stop_token& stop);
    Step create(const AttemptKey& key, const Attempt& attempt, const Image& image,
                const std::stop_token& stop);
    Step start(const AttemptKey& key, const Attempt& attempt);
    Step follow(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// Since its container was first followed, by this process or another one of this machine's start.
    Millis followed_for(const AttemptKey& key);
    /// For a container that has just ended: the engine stops its containers when it goes away.
    void note_lost_engine(const AttemptKey& key);
    std::optional<ContainerState> inspect_ended(const AttemptKey& key);
    /// Judges a container that has ended, and notes the run when its output is to be stored.
    Step conclude(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// From a noted run to the final status; in runner_store.cpp.
    void complete(const AttemptKey& key, const Attempt& attempt, const Ran& ran, const std::stop_token& stop);
    /// Moves the output of an earlier attempt's run into this attempt's folder. False: it is gone, and the
    /// job is to be run.
    bool take_over_output(const AttemptKey& key, const Attempt& attempt);
    std::optional<Cid> store_output(const AttemptKey& key, const Ran& ran, const std::stop_token& stop);
    void publish_logs(const AttemptKey& key);
    /// A passing failure: another try after a pause, or `failed` once patience is used up.
    Step try_later(const AttemptKey& key, const Failure& failure, const std::stop_token& stop);
    Step fail(const AttemptKey& key, const Failure& failure);
    JobDirs dirs_of(const AttemptKey& key) const { return JobDirs(config_.jobs_dir + "/" + key.name()); }

    RunnerConfig config_;
    Journal& journal_;
    const StatusWriter& statuses_;
    RetrySchedule& retries_;
    PulledImages& pulled_;
    DockerEngine& engine_;
    ipfs::ContentStore& content_;
    bus::Bus& bus_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    std::mutex mutex_;
    std::map<AttemptKey, std::stop_source> claimed_;  ///< at work in a slot
};

}  // namespace lamda::agent
