#include "services/node-agent/executor/disk_space.hpp"

#include "services/node-agent/executor/disk_cost.hpp"

namespace lamda::agent {

Written measure_written(Executor& executor, const AttemptKey& key, const JobDirs& dirs, std::uint64_t most,
                        const std::stop_token& stop) {
    return {disk_cost(dirs.output(), most, stop), executor.bytes_elsewhere(key, most, stop),
            disk_cost(dirs.volumes(), most, stop)};
}

DiskWatch::DiskWatch(Executor& executor, const AttemptKey& key, const JobDirs& dirs, std::uint64_t most,
                     OnExcess on_excess, const Clock& clock, const telemetry::Log& log)
    : most_(most),
      on_excess_(std::move(on_excess)),
      folders_(
          "folders",
          [this, dirs](const std::stop_token& stop) {
              note(&Written::output, disk_cost(dirs.output(), most_, stop));
              return note(&Written::volumes, disk_cost(dirs.volumes(), most_, stop));
          },
          clock, log),
      layer_(
          "layer",
          [this, &executor, key](const std::stop_token& stop) {
              return note(&Written::layer, executor.bytes_elsewhere(key, most_, stop));
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
