// Clears away what ended: folders and containers whose last status the bus has, and leftovers of earlier
// lives.
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
    /// Ended attempts that are not cleaned yet. @throws net::TransportError, EngineError, DiskError
    void clean_ended();
    /// Containers of ours and folders that no active or unsent attempt owns.
    void clean_strays();

  private:
    /// By the next attempt.
    bool kept(const AttemptKey& key) const;
    bool needed(const AttemptKey& key) const;

    Journal& journal_;
    DockerEngine& engine_;
    std::string jobs_dir_;
    Address provider_;
    const Clock& clock_;
    telemetry::Log log_;
};

}  // namespace lamda::agent
