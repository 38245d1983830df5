// Chooses the images to remove from the engine: pure functions, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/docker/pulled_images.hpp"

namespace lamda::agent {

struct ImageRetention {
    Millis keep{0};               ///< time since the last use; 0: no limit
    std::uint64_t max_bytes = 0;  ///< of all removable images together; 0: no limit
    /// The size limit removes no image that was used more recently: its container may not exist yet.
    Millis least_idle{600'000};
};

/// Ids of images that are over the age or size limit, least recently used first. Never one that a container
/// uses, that has a tag that the agent did not pull, or that is not ours to remove (PulledImage::used_at).
/// @param engine the engine's images by id. Their sizes count shared layers in each image.
/// @param in_use ids of images that have a container, running or not
std::vector<std::string> images_to_remove(std::vector<PulledImage> pulled,
                                          const std::map<std::string, StoredImage>& engine,
                                          const std::set<std::string>& in_use,
                                          const ImageRetention& retention, Timestamp now);

}  // namespace lamda::agent
