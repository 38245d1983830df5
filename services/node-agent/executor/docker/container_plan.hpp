// Plans the container of an attempt: pure functions, no I/O.
#pragma once

#include <string>
#include <vector>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// Labels of the agent's containers; the janitor finds containers by the first.
inline constexpr auto kProviderLabel = "lamda.provider";
inline constexpr auto kJobLabel = "lamda.job";
inline constexpr auto kAttemptLabel = "lamda.attempt";
inline constexpr auto kFolderLabel = "lamda.folder";  ///< the attempt's folder: identifies the owning agent

/// An attempt's folder and its subfolders. `output` and `volumes` count towards diskMib.
struct JobDirs {
    explicit JobDirs(std::string path) : root(std::move(path)) {}
    std::string root;
    std::string input() const { return root + "/input"; }
    std::string output() const { return root + "/output"; }
    std::string volumes() const { return root + "/volumes"; }
};

/// Mounts a folder below `dir` for each volume that the image declares. It replaces the engine's anonymous
/// volume, whose size cannot be measured. Skips paths that `taken` mounts already, as the engine does.
std::vector<Mount> volume_mounts(const std::vector<std::string>& declared, const std::vector<Mount>& taken,
                                 const std::string& dir);

ContainerSpec plan_container(const wire::Assignment& assignment, const Image& image, const JobDirs& dirs);

}  // namespace lamda::agent
