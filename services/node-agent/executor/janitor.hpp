// Removes folders and containers of ended attempts once the bus has stored their final status, and stray
// ones of earlier process runs.
#pragma once

#include <stop_token>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

class Janitor {
  public:
    Janitor(Journal& journal, DockerEngine& engine, std::string jobs_dir, const Address& provider,
            const Clock& clock, telemetry::Log log);
    void run(const std::stop_token& stop);
    /// Removes what ended attempts left. @throws net::TransportError, EngineError, DiskError
    void clean_ended();
    /// Removes this agent's containers and folders that belong to no active or unsent attempt.
    void clean_strays();

  private:
    /// True if the output is kept for the next attempt.
    bool output_kept(const AttemptKey& key) const;
    bool needed(const AttemptKey& key) const;

    Journal& journal_;
    DockerEngine& engine_;
    std::string jobs_dir_;
    Address provider_;
    const Clock& clock_;
    telemetry::Log log_;
};

}  // namespace lamda::agent
