// What the engine is asked for to run an attempt: pure functions, no I/O.
#pragma once

#include <string>
#include <vector>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// Containers carry these labels; the janitor finds them by the first.
inline constexpr auto kProviderLabel = "lamda.provider";
inline constexpr auto kJobLabel = "lamda.job";
inline constexpr auto kAttemptLabel = "lamda.attempt";
inline constexpr auto kFolderLabel = "lamda.folder";  ///< the attempt's: tells whose container it is

/// An attempt's folder, and what lies in it. `output` and `volumes` count towards diskMib.
struct JobDirs {
    explicit JobDirs(std::string path) : root(std::move(path)) {}
    std::string root;
    std::string input() const { return root + "/input"; }
    std::string output() const { return root + "/output"; }
    std::string volumes() const { return root + "/volumes"; }
};

/// A folder of ours below `dir` for each volume that the image declares, in place of the anonymous one that
/// the engine would make where nobody counts. Paths that `taken` mounts already are left out, as the engine
/// does.
std::vector<Mount> volume_mounts(const std::vector<std::string>& declared, const std::vector<Mount>& taken,
                                 const std::string& dir);

ContainerSpec plan_container(const wire::Assignment& assignment, const Image& image, const JobDirs& dirs);

}  // namespace lamda::agent
