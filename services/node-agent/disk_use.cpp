#include "disk_use.hpp"

#include <filesystem>

#include "output.hpp"

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

std::uint64_t layer_bytes(DockerEngine& engine, const std::string& container, const std::stop_token& stop) {
    const auto size = engine.size(container, stop);
    return size.layer_bytes + engine_files_bytes(size.files);
}

}  // namespace

Written measure_written(DockerEngine& engine, const std::string& container, const JobDirs& dirs,
                        const std::stop_token& stop) {
    return {dir_bytes(dirs.output(), stop), layer_bytes(engine, container, stop),
            dir_bytes(dirs.volumes(), stop)};
}

DiskWatch::DiskWatch(DockerEngine& engine, const std::string& container, const JobDirs& dirs,
                     const Clock& clock, const telemetry::Log& log)
    : output_(
          "output", [path = dirs.output()](const std::stop_token& stop) { return dir_bytes(path, stop); },
          clock, log),
      layer_(
          "layer",
          [&engine, container](const std::stop_token& stop) { return layer_bytes(engine, container, stop); },
          clock, log),
      volumes_(
          "volumes", [path = dirs.volumes()](const std::stop_token& stop) { return dir_bytes(path, stop); },
          clock, log) {}

}  // namespace lamda::agent
