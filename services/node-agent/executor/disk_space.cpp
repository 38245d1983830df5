#include "services/node-agent/executor/disk_space.hpp"

#include <filesystem>

#include "services/node-agent/executor/disk_cost.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

/// The engine's own lines in /etc/hosts and its like are not the job's; nobody else writes as much into them.
constexpr std::uint64_t kEnginesOwn = 64 * 1024;

/// The engine mounts /etc/hosts, /etc/hostname and /etc/resolv.conf from a folder of its own, writable, so
/// that its size of the layer leaves them out. Where that folder cannot be seen from here they count for
/// nothing: then ulimit fsize alone bounds each.
std::uint64_t engine_files_bytes(const std::vector<std::string>& files) {
    std::uint64_t total = 0;
    for (const auto& path : files) {
        std::error_code error;
        const auto size = fs::file_size(path, error);
        total += !error && size > kEnginesOwn ? size : 0;
    }
    return total;
}

/// Paths that the engine itself adds or changes in a container: mount points and their parents.
constexpr std::uint64_t kEnginesPaths = 64;

/// The engine's size has no inodes: each changed path counts beside it.
std::uint64_t layer_bytes(DockerEngine& engine, const std::string& container, std::uint64_t most,
                          const std::stop_token& stop) {
    const auto size = engine.size(container, stop);
    const auto paths = engine.changed_paths(container, kEnginesPaths + most / kEntryBytes, stop);
    return size.layer_bytes + engine_files_bytes(size.files) +
           (paths > kEnginesPaths ? (paths - kEnginesPaths) * kEntryBytes : 0);
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
