// The images that this agent has pulled: the only ones on the engine that it runs without another pull.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "telemetry/log.hpp"

namespace lamda::agent {

/// One file with an image id a line, the newest last, at most 4,096. Thread-safe. A file that is lost or
/// damaged costs pulls and nothing else.
class PulledImages {
  public:
    /// Reads the file when there is one. @throws DiskError
    PulledImages(std::string path, const telemetry::Log& log);

    bool contains(const std::string& id) const;
    /// @throws DiskError
    void add(const std::string& id);

  private:
    std::string path_;
    mutable std::mutex mutex_;
    std::vector<std::string> ids_;
};

}  // namespace lamda::agent
