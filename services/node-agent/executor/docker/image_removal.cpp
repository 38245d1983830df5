#include "services/node-agent/executor/docker/image_removal.hpp"

#include <algorithm>

#include "wire/image_reference.hpp"

namespace lamda::agent {

namespace {

/// True if the agent has pulled the image by each of its tags.
bool has_own_tags_only(const PulledImage& image, const StoredImage& stored) {
    return std::all_of(stored.tags.begin(), stored.tags.end(), [&](const std::string& tag) {
        return std::any_of(image.names.begin(), image.names.end(), [&](const std::string& name) {
            return wire::normalize_image(name) == wire::normalize_image(tag);
        });
    });
}

}  // namespace

std::vector<std::string> images_to_remove(std::vector<PulledImage> pulled,
                                          const std::map<std::string, StoredImage>& engine,
                                          const std::set<std::string>& in_use,
                                          const ImageRetention& retention, Timestamp now) {
    std::erase_if(pulled,
                  [&](const PulledImage& image) { return !image.used_at || !engine.contains(image.id); });
    std::uint64_t total = 0;
    for (const auto& image : pulled) {
        total += engine.at(image.id).bytes;
    }
    std::erase_if(pulled, [&](const PulledImage& image) {
        return in_use.contains(image.id) || !has_own_tags_only(image, engine.at(image.id));
    });
    std::stable_sort(pulled.begin(), pulled.end(),
                     [](const PulledImage& a, const PulledImage& b) { return a.used_at < b.used_at; });
    std::vector<std::string> out;
    for (const auto& image : pulled) {
        const auto idle = now - *image.used_at;
        const bool old = retention.keep.count() > 0 && idle >= retention.keep;
        const bool over = retention.max_bytes > 0 && total > retention.max_bytes;
        if (old || (over && idle >= retention.least_idle)) {
            total -= engine.at(image.id).bytes;
            out.push_back(image.id);
        }
    }
    return out;
}

}  // namespace lamda::agent
