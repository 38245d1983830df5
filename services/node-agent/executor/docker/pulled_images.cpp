#include "services/node-agent/executor/docker/pulled_images.hpp"

#include <algorithm>
#include <sstream>

#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

namespace {

constexpr std::size_t kMost = 4'096;
constexpr CrashNames kCrash{"agent.images.written", "agent.images.renamed"};

/// Image ids are `sha256:<hex>`, or the hex digits alone.
bool is_id(std::string_view line) {
    constexpr std::size_t kMostBytes = 128;
    return !line.empty() && line.size() <= kMostBytes &&
           line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789:") == std::string_view::npos;
}

}  // namespace

PulledImages::PulledImages(std::string path, const telemetry::Log& log) : path_(std::move(path)) {
    std::istringstream lines(read_file(path_).value_or(""));
    bool damaged = false;
    for (std::string line; std::getline(lines, line);) {
        if (is_id(line)) {
            ids_.push_back(line);
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
    return std::find(ids_.begin(), ids_.end(), id) != ids_.end();
}

void PulledImages::add(const std::string& id) {
    const std::lock_guard lock(mutex_);
    auto ids = ids_;
    std::erase(ids, id);
    ids.push_back(id);
    if (ids.size() > kMost) {
        ids.erase(ids.begin());
    }
    std::string text;
    for (const auto& one : ids) {
        text += one + "\n";
    }
    write_durably(path_, text, kCrash);
    ids_ = std::move(ids);
}

}  // namespace lamda::agent
