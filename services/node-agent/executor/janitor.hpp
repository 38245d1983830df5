// Removes folders and work of ended attempts once the bus has stored their final status, and stray
// ones of earlier process runs.
#pragma once

#include <stop_token>

#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/executor/secret_files.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

class Janitor {
  public:
    Janitor(Journal& journal, Executor& executor, SecretFiles& secrets, std::string jobs_dir,
            const Clock& clock);
    void run(const std::stop_token& stop);
    /// Removes the secrets of attempts that are not active, whether or not their status is sent.
    void clean_secrets();
    /// Removes what ended attempts left. @throws ExecutorError, ExecutorUnavailable, DiskError
    void clean_ended();
    /// Removes this agent's work and folders that belong to no active or unsent attempt.
    void clean_strays();

  private:
    /// True if the output is kept for the next attempt.
    bool output_kept(const AttemptKey& key) const;
    bool needed(const AttemptKey& key) const;

    Journal& journal_;
    Executor& executor_;
    SecretFiles& secrets_;
    std::string jobs_dir_;
    const Clock& clock_;
};

}  // namespace lamda::agent
