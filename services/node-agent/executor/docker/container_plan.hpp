// Plans the container of an attempt: pure functions, no I/O.
#pragma once

#include <string>
#include <vector>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/job_dirs.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// Labels of the agent's containers; the janitor finds containers by the first.
inline constexpr auto kProviderLabel = "lamda.provider";
inline constexpr auto kJobLabel = "lamda.job";
inline constexpr auto kAttemptLabel = "lamda.attempt";
inline constexpr auto kFolderLabel = "lamda.folder";  ///< the attempt's folder: identifies the owning agent

/// Mounts a folder below `dir` for each volume that the image declares. It replaces the engine's anonymous
/// volume, whose size cannot be measured. Skips paths that `taken` mounts already, as the engine does.
std::vector<Mount> volume_mounts(const std::vector<std::string>& declared, const std::vector<Mount>& taken,
                                 const std::string& dir);

ContainerSpec plan_container(const wire::Assignment& assignment, const Image& image, const JobDirs& dirs);

}  // namespace lamda::agent
