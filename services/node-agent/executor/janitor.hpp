// Removes folders and work of ended attempts once the bus has stored their final status, and stray
// ones of earlier process runs.
#pragma once

#include <exception>
#include <functional>
#include <stop_token>

#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/executor/secret_files.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

class Janitor {
  public:
    Janitor(Journal& journal, Executor& executor, SecretFiles& secrets, std::string jobs_dir,
            const Clock& clock);
    /// Until stopped. One attempt that cannot be removed delays no other; its failure is thrown after the
    /// pass.
    void run(const std::stop_token& stop);
    /// Removes the secrets of attempts that are not active, whether or not their status is sent.
    void clean_secrets();
    /// Removes what ended attempts left. @throws ExecutorUnavailable, DiskError
    void clean_ended();
    /// Removes this agent's work and folders that belong to no active or unsent attempt.
    void clean_strays();
    /// Throws the first failure to remove one attempt since the last call, if any.
    void throw_failure();

  private:
    /// True if the output is kept for the next attempt.
    bool output_kept(const AttemptKey& key) const;
    bool needed(const AttemptKey& key) const;
    /// Keeps the failure for throw_failure(). @returns true if it is removed
    bool removed(const std::function<void()>& remove);

    Journal& journal_;
    Executor& executor_;
    SecretFiles& secrets_;
    std::string jobs_dir_;
    const Clock& clock_;
    std::exception_ptr failure_;
};

}  // namespace lamda::agent
