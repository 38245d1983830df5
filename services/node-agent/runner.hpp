// Takes one accepted attempt to its end, from wherever the last process left it.
#pragma once

#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "bus/bus.hpp"
#include "container_plan.hpp"
#include "decision.hpp"
#include "docker_engine.hpp"
#include "ipfs/content_store.hpp"
#include "journal.hpp"
#include "status_publisher.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::agent {

struct RunnerConfig {
    std::string jobs_dir;  ///< absolute; one folder per attempt below
    Address provider;
    std::uint64_t max_input_bytes = 0;
    Millis pull_timeout{1'800'000};
};

/// Thread-safe; each slot calls serve().
class Runner {
  public:
    Runner(RunnerConfig config, Journal& journal, const StatusWriter& statuses, DockerEngine& engine,
           ipfs::ContentStore& content, bus::Bus& bus, const Clock& clock, telemetry::Log log,
           telemetry::Metrics& metrics);

    /// One slot: takes attempts one after the other until stopped. When it ends early, the container runs on
    /// and the attempt is taken up again after a restart. @throws net::TransportError when there is no
    /// engine, DiskError
    void serve(const std::stop_token& stop);

  private:
    struct Claim;
    enum class Step { kGoOn, kEnded };

    void run(const AttemptKey& key, const std::stop_token& stop);
    Step prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    Step fetch_input(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    /// Asked for by name; pulled when it is not there. @throws EngineError
    Image obtain_image(const std::string& name);
    Step create(const AttemptKey& key, const Attempt& attempt, const Image& image);
    Step start(const AttemptKey& key);
    Step follow(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    std::optional<ContainerState> inspect_ended(const AttemptKey& key);
    void conclude(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop);
    void complete(const AttemptKey& key, const Attempt& attempt, const ContainerState& state,
                  const std::stop_token& stop);
    void publish_logs(const AttemptKey& key);
    Step fail(const AttemptKey& key, wire::ErrorCode code, const std::string& message,
              std::optional<std::int32_t> exit_code = std::nullopt);
    JobDirs dirs_of(const AttemptKey& key) const { return JobDirs(config_.jobs_dir + "/" + key.name()); }

    RunnerConfig config_;
    Journal& journal_;
    const StatusWriter& statuses_;
    DockerEngine& engine_;
    ipfs::ContentStore& content_;
    bus::Bus& bus_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    std::mutex mutex_;
    std::set<AttemptKey> claimed_;
};

}  // namespace lamda::agent
