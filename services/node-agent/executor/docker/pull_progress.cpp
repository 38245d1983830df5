#include "services/node-agent/executor/docker/pull_progress.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

std::string text_in(const Json& value, const char* name) {
    const auto found = value.find(name);
    return found != value.end() && found->is_string() ? found->get<std::string>() : "";
}

std::uint64_t number_in(const Json& value, const char* name) {
    const auto found = value.find(name);
    return found != value.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

void PullProgress::add(std::string_view line) {
    const auto value = Json::parse(line, nullptr, false);
    if (!value.is_object()) {
        return;
    }
    const auto status = text_in(value, "status");
    const auto id = text_in(value, "id");
    // Lines with a tag as their id ("Pulling from a/b") are of the image.
    const bool done = status == "Pull complete" || status == "Already exists";
    const bool loads = status == "Downloading" || status == "Download complete";
    if (id.empty() || (!done && !loads && status != "Pulling fs layer") ||
        (layers_.size() >= kMostLayers && !layers_.contains(id))) {
        return;
    }
    auto& layer = layers_[id];
    layer.done = layer.done || done;
    if (status == "Downloading" && value.contains("progressDetail") && value["progressDetail"].is_object()) {
        layer.bytes = number_in(value["progressDetail"], "current");
        layer.total = std::max(number_in(value["progressDetail"], "total"), layer.bytes);
    } else if (status == "Download complete") {
        layer.bytes = layer.total;
    }
}

std::uint64_t PullProgress::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [id, layer] : layers_) {
        sum += layer.bytes;
    }
    return sum;
}

std::uint64_t PullProgress::total_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [id, layer] : layers_) {
        sum += layer.total;
    }
    return sum;
}

std::size_t PullProgress::layers_done() const {
    return static_cast<std::size_t>(
        std::count_if(layers_.begin(), layers_.end(), [](const auto& one) { return one.second.done; }));
}

}  // namespace lamda::agent
