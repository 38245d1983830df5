#include "services/node-agent/executor/disk_space.hpp"

#include <filesystem>

#include "services/node-agent/executor/disk_cost.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

/// Engine files up to this size hold the engine's own lines only and do not count.
constexpr std::uint64_t kEngineFileBytes = 64 * 1024;

/// Bytes of /etc/hosts, /etc/hostname and /etc/resolv.conf, which the engine mounts writable from its own
/// folder and leaves out of the layer's size. They count as 0 if that folder is not accessible: then only
/// ulimit fsize limits each.
std::uint64_t engine_files_bytes(const std::vector<std::string>& files) {
    std::uint64_t total = 0;
    for (const auto& path : files) {
        std::error_code error;
        const auto size = fs::file_size(path, error);
        total += !error && size > kEngineFileBytes ? size : 0;
    }
    return total;
}

/// Allowance for paths that the engine itself adds or changes: mount points and their parents.
constexpr std::uint64_t kEnginePaths = 64;

/// The engine's size excludes inodes: each changed path is added to it.
std::uint64_t layer_bytes(DockerEngine& engine, const std::string& container, std::uint64_t most,
                          const std::stop_token& stop) {
    const auto size = engine.size(container, stop);
    const auto paths = engine.changed_paths(container, kEnginePaths + most / kEntryBytes, stop);
    return size.layer_bytes + engine_files_bytes(size.files) +
           (paths > kEnginePaths ? (paths - kEnginePaths) * kEntryBytes : 0);
}

}  // namespace

Written measure_written(DockerEngine& engine, const std::string& container, const JobDirs& dirs,
                        std::uint64_t most, const std::stop_token& stop) {
    return {disk_cost(dirs.output(), most, stop), layer_bytes(engine, container, most, stop),
            disk_cost(dirs.volumes(), most, stop)};
}

DiskWatch::DiskWatch(DockerEngine& engine, const std::string& container, const JobDirs& dirs,
                     std::uint64_t most, OnExcess on_excess, const Clock& clock, const telemetry::Log& log)
    : most_(most),
      on_excess_(std::move(on_excess)),
      output_(
          "output",
          [this, path = dirs.output()](const std::stop_token& stop) {
              return note(&Written::output, disk_cost(path, most_, stop));
          },
          clock, log),
      layer_(
          "layer",
          [this, &engine, container](const std::stop_token& stop) {
              return note(&Written::layer, layer_bytes(engine, container, most_, stop));
          },
          clock, log),
      volumes_(
          "volumes",
          [this, path = dirs.volumes()](const std::stop_token& stop) {
              return note(&Written::volumes, disk_cost(path, most_, stop));
          },
          clock, log) {}

std::uint64_t DiskWatch::note(std::uint64_t Written::* part, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    written_.*part = bytes;
    if (!excess_ && written_.total() > most_) {
        excess_ = written_;
    }
    if (excess_ && !reported_) {
        on_excess_(*excess_);
        reported_ = true;
    }
    return bytes;
}

}  // namespace lamda::agent
