// Images that this agent has pulled: they run without another pull, and are removed when no longer used.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

struct PulledImage {
    std::string id;  ///< sha256:…
    /// Last job that was given the image. Absent: the image was on the engine before the pull, or an earlier
    /// version pulled it; it is not ours to remove.
    std::optional<Timestamp> used_at;
    std::vector<std::string> names;  ///< references that the agent has pulled it by
};

/// One file with one image per line, `id [time names…]`, the newest last, at most 4,096. Thread-safe. A lost
/// or damaged file only causes more pulls, and images that are not removed.
class PulledImages {
  public:
    /// Reads the file if it exists. @throws DiskError
    PulledImages(std::string path, const telemetry::Log& log);

    bool contains(const std::string& id) const;
    std::vector<PulledImage> all() const;
    /// Records a pull. @param removable the image was not on the engine before
    /// @throws DiskError
    void add(const std::string& id, const std::string& name, bool removable, Timestamp at);
    /// Records a use of a removable image, at most once in a minute. @throws DiskError
    void use(const std::string& id, Timestamp at);
    /// @throws DiskError
    void forget(const std::string& id);

  private:
    void store(std::vector<PulledImage> images);

    std::string path_;
    mutable std::mutex mutex_;
    std::vector<PulledImage> images_;
};

}  // namespace lamda::agent
