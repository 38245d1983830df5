#include "services/node-agent/executor/docker/pulled_images.hpp"

#include <algorithm>
#include <sstream>

#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

namespace {

constexpr std::size_t kMost = 4'096;
constexpr Millis kUsePrecision{60'000};
constexpr CrashNames kCrash{"agent.images.written", "agent.images.renamed"};

/// Image ids are `sha256:<hex>`, or the hex digits alone.
bool is_id(std::string_view word) {
    constexpr std::size_t kMostBytes = 128;
    return !word.empty() && word.size() <= kMostBytes &&
           word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789:") == std::string_view::npos;
}

/// Absent: the line is damaged.
std::optional<PulledImage> parse_line(const std::string& line) {
    std::istringstream words(line);
    PulledImage image;
    words >> image.id;
    if (!is_id(image.id)) {
        return std::nullopt;
    }
    if (std::string time; words >> time) {
        const auto at = parse_rfc3339(time);
        if (!at) {
            return std::nullopt;
        }
        image.used_at = *at;
    }
    for (std::string name; words >> name;) {
        image.names.push_back(name);
    }
    return image;
}

std::string line_of(const PulledImage& image) {
    std::string line = image.id;
    if (image.used_at) {
        line += " " + to_rfc3339(*image.used_at);
        for (const auto& name : image.names) {
            line += " " + name;
        }
    }
    return line + "\n";
}

template <class Images>
auto find_id(Images& images, const std::string& id) {
    return std::find_if(images.begin(), images.end(),
                        [&](const PulledImage& image) { return image.id == id; });
}

}  // namespace

PulledImages::PulledImages(std::string path, const telemetry::Log& log) : path_(std::move(path)) {
    std::istringstream lines(read_file(path_).value_or(""));
    bool damaged = false;
    for (std::string line; std::getline(lines, line);) {
        if (auto image = parse_line(line)) {
            images_.push_back(*std::move(image));
        } else {
            damaged = true;
        }
    }
    if (damaged) {
        log.warn("list of pulled images damaged, pulling missing images again", {{"file", path_}});
    }
}

bool PulledImages::contains(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    return find_id(images_, id) != images_.end();
}

std::vector<PulledImage> PulledImages::all() const {
    const std::lock_guard lock(mutex_);
    return images_;
}

void PulledImages::add(const std::string& id, const std::string& name, bool removable, Timestamp at) {
    const std::lock_guard lock(mutex_);
    auto images = images_;
    PulledImage image{id, removable ? std::optional(at) : std::nullopt, {}};
    if (const auto known = find_id(images, id); known != images.end()) {
        // It stays removable if the agent pulled it first.
        image.used_at = known->used_at ? std::optional(at) : std::nullopt;
        image.names = known->names;
        images.erase(known);
    }
    if (std::find(image.names.begin(), image.names.end(), name) == image.names.end()) {
        image.names.push_back(name);
    }
    images.push_back(std::move(image));
    store(std::move(images));
}

void PulledImages::use(const std::string& id, Timestamp at) {
    const std::lock_guard lock(mutex_);
    auto images = images_;
    const auto image = find_id(images, id);
    if (image != images.end() && image->used_at && at - *image->used_at >= kUsePrecision) {
        image->used_at = at;
        store(std::move(images));
    }
}

void PulledImages::forget(const std::string& id) {
    const std::lock_guard lock(mutex_);
    auto images = images_;
    std::erase_if(images, [&](const PulledImage& image) { return image.id == id; });
    store(std::move(images));
}

void PulledImages::store(std::vector<PulledImage> images) {
    if (images.size() > kMost) {
        images.erase(images.begin());
    }
    std::string text;
    for (const auto& image : images) {
        text += line_of(image);
    }
    write_durably(path_, text, kCrash);
    images_ = std::move(images);
}

}  // namespace lamda::agent
