#include "services/node-agent/executor/docker/container_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace lamda::agent {

namespace {

constexpr std::uint64_t kMib = 1ULL << 20;

/// Normalizes a mount point as the engine does: without `.`, `..` and redundant slashes.
std::string cleaned(const std::string& path) {
    auto clean = std::filesystem::path(path).lexically_normal().string();
    while (clean.size() > 1 && clean.ends_with('/')) {
        clean.pop_back();
    }
    return clean;
}

}  // namespace

std::vector<Mount> volume_mounts(const std::vector<std::string>& declared, const std::vector<Mount>& taken,
                                 const std::string& dir) {
    std::set<std::string> targets;
    for (const auto& path : declared) {
        targets.insert(cleaned(path));
    }
    for (const auto& mount : taken) {
        targets.erase(cleaned(mount.target));
    }
    std::vector<Mount> mounts;
    mounts.reserve(targets.size());
    for (const auto& target : targets) {
        mounts.push_back({dir + "/" + std::to_string(mounts.size()), target, false});
    }
    return mounts;
}

ContainerSpec plan_container(const wire::Assignment& assignment, const Image& image, const JobDirs& dirs) {
    const AttemptKey key{assignment.job_id, assignment.attempt};
    const auto& requirements = assignment.requirements;
    ContainerSpec spec;
    spec.name = key.container();
    spec.image = image.id;  // by id: the name may refer to another image by now
    spec.command = assignment.command;
    spec.env = assignment.env;
    spec.labels = {{kProviderLabel, assignment.provider.hex()},
                   {kJobLabel, key.job.hex()},
                   {kAttemptLabel, std::to_string(key.attempt)},
                   {kFolderLabel, dirs.root}};
    if (assignment.input_file_cid) {
        spec.mounts.push_back({dirs.input(), "/input", true});
    }
    spec.mounts.push_back({dirs.output(), "/output", false});
    if (!dirs.secrets.empty()) {
        spec.mounts.push_back({dirs.secrets, "/run/secrets", true});
    }
    auto taken = spec.mounts;
    if (requirements.read_only_root) {
        spec.read_only_root = true;
        // tmpfs(5): by default half of the memory.
        spec.tmp_bytes = requirements.memory_mib * kMib / 2;
        taken.push_back({"", "/tmp", false});
    }
    spec.volumes = volume_mounts(image.volumes, taken, dirs.volumes());
    spec.network = requirements.network;
    spec.cpu_millis = requirements.cpu_millis;
    spec.memory_bytes = requirements.memory_mib * kMib;
    spec.max_file_bytes = requirements.disk_mib * kMib;
    spec.max_layer_bytes = requirements.disk_mib * kMib;
    spec.gpu_count = requirements.gpu_count;
    return spec;
}

}  // namespace lamda::agent
