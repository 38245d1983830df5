// Images that this agent has pulled, which run without another pull.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "telemetry/log.hpp"

namespace lamda::agent {

/// One file with one image id per line, the newest last, at most 4,096. Thread-safe. A lost or damaged file
/// only causes more pulls.
class PulledImages {
  public:
    /// Reads the file if it exists. @throws DiskError
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
