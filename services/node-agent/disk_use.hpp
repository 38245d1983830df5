// What a job wrote to the provider's disk, wherever in its container it wrote: measured, because engines
// bound it on few file systems only (docs/decisions/0013-disk-limit-by-measuring.md).
#pragma once

#include <stop_token>
#include <string>

#include "container_plan.hpp"
#include "decision.hpp"
#include "docker_engine.hpp"
#include "paced_measurement.hpp"

namespace lamda::agent {

/// Of a container that has ended. @throws EngineError when the engine cannot tell; net::TransportError
Written measure_written(DockerEngine& engine, const std::string& container, const JobDirs& dirs,
                        const std::stop_token& stop);

/// Of a container at work. Folders and layer are measured apart: a layer that takes long to count does not
/// keep /output from being looked at each second.
class DiskWatch {
  public:
    DiskWatch(DockerEngine& engine, const std::string& container, const JobDirs& dirs, const Clock& clock,
              const telemetry::Log& log);
    /// The last measurements, without waiting.
    Written last() const { return {output_.last(), layer_.last(), volumes_.last()}; }

  private:
    PacedMeasurement output_;
    PacedMeasurement layer_;
    PacedMeasurement volumes_;
};

}  // namespace lamda::agent
