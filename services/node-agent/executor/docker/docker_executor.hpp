// Executor on a Docker engine: each work is a container.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/docker/host_lookup.hpp"
#include "services/node-agent/executor/docker/image_removal.hpp"
#include "services/node-agent/executor/docker/pulled_images.hpp"
#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/executor/image_policy.hpp"
#include "services/node-agent/executor/registry_login.hpp"

namespace lamda::agent {

struct DockerExecutorConfig {
    std::string jobs_dir;  ///< absolute; identifies this agent's containers
    Address provider;
    ImagePolicy images;
    /// Resolves a registry's host to numeric addresses. @throws std::runtime_error if there are none
    std::function<std::vector<std::string>(const std::string& host)> look_up = &look_up_host;
    Millis pull_timeout{1'800'000};
    ImageRetention retention;
    std::string auth_file;  ///< of registry_login.hpp; read at each pull, since logins expire; empty: none
    std::string runtime;    ///< of all containers; empty: the engine's default
};

class DockerExecutor final : public Executor {
  public:
    DockerExecutor(DockerExecutorConfig config, DockerEngine& engine, PulledImages& pulled,
                   const Clock& clock, telemetry::Log log);

    std::string_view noun() const override { return "container"; }
    bool takes_connections() const override { return engine_.takes_connections(); }
    Machine machine() override;
    std::optional<Failure> lack(const wire::Requirements& requirements) override;
    std::variant<Environment, StepFailure> obtain(const wire::Assignment& assignment,
                                                  const std::stop_token& stop) override;
    std::optional<StepFailure> create(const wire::Assignment& assignment, const Environment& environment,
                                      const JobDirs& dirs) override;
    std::optional<StepFailure> start(const wire::Assignment& assignment) override;
    std::optional<WorkState> find(const AttemptKey& key) override;
    bool wait(const AttemptKey& key, Millis timeout) override;
    std::variant<WorkEnd, Failure> end(const wire::Assignment& assignment) override;
    void kill(const AttemptKey& key) override;
    void remove(const AttemptKey& key) override;
    void remove_strays(const std::function<bool(const AttemptKey&)>& needed) override;
    void remove_unused() override;
    std::vector<LogLine> logs(const AttemptKey& key, const LogPosition& after,
                              std::size_t max_bytes) override;
    std::uint64_t bytes_elsewhere(const AttemptKey& key, std::uint64_t most,
                                  const std::stop_token& stop) override;

  private:
    /// Image by the policy: a listed local image, one that this agent has pulled, or a new pull.
    std::variant<Environment, StepFailure> image_of(const std::string& name, const std::stop_token& stop);
    /// Reason not to pull from the registry of `name` now; absent: none.
    std::optional<StepFailure> registry_refusal(const std::string& name) const;
    std::variant<Image, StepFailure> pull(const std::string& name, const std::stop_token& stop);
    std::optional<StepFailure> create_container(const ContainerSpec& spec);
    /// Failure if the container lacks what the job requests of it, although the engine created it without an
    /// error.
    std::optional<StepFailure> ignored_request(const wire::Requirements& requirements,
                                               const std::string& container);
    /// State of an ended container. Polls briefly, because the engine may report an OOM kill after the end.
    std::optional<ContainerState> inspect_ended(const std::string& container);

    DockerExecutorConfig config_;
    DockerEngine& engine_;
    PulledImages& pulled_;
    const Clock& clock_;
    telemetry::Log log_;
};

}  // namespace lamda::agent
