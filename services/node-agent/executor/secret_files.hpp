// Opened secrets of running attempts, as files in memory.
#pragma once

#include <functional>
#include <string>

#include "crypto/signer.hpp"
#include "services/node-agent/state/failure.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// A folder on a tmpfs, with one folder for each attempt that has secrets. The folder itself is private
/// (0700); an attempt's folder and its files are readable by every user (0555, 0444), because a container's
/// users are not known: the container sees only its own folder, mounted read-only. Thread-safe for different
/// attempts.
class SecretFiles {
  public:
    /// Creates nothing. @param dir absolute; created when it is first needed
    SecretFiles(const crypto::Signer& key, std::string dir);

    /// Opens the assignment's secrets and writes them; does nothing without secrets. May be repeated. The
    /// returned failure is permanent, and its message is one of a few fixed sentences.
    std::optional<Failure> put(const wire::Assignment& assignment);
    /// True if put() is needed, again after a restart of the machine.
    bool missing(const wire::Assignment& assignment) const;
    /// Returns the attempt's folder for the container; empty: the assignment has no secrets.
    std::string dir_of(const wire::Assignment& assignment) const;
    /// Removes the attempt's secrets, if there are any. A folder that this process cannot remove stays:
    /// no job ends for it.
    void remove(const AttemptKey& key);
    /// Removes the secrets of every attempt that is not `needed`, also those of earlier processes.
    void remove_others(const std::function<bool(const AttemptKey&)>& needed);

  private:
    std::string path_of(const AttemptKey& key) const { return dir_ + "/" + key.name(); }

    const crypto::Signer& key_;
    std::string dir_;
};

/// True if the folder is on a file system that keeps its files in memory (tmpfs, ramfs).
bool is_in_memory(const std::string& dir);

}  // namespace lamda::agent
