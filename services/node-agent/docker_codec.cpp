#include <algorithm>
#include <nlohmann/json.hpp>

#include "docker_engine.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {
/// The engine's default, whatever this one's is set to. What is written there counts as memory.
constexpr std::uint64_t kShmBytes = 64ULL << 20;
}  // namespace

std::string create_body(const ContainerSpec& spec) {
    Json env = Json::array();
    for (const auto& [name, value] : spec.env) {
        env.push_back(std::string(name).append("=").append(value));
    }
    // Mounts, not Binds: a path may hold a colon, and a missing source is refused instead of created.
    Json mounts = Json::array();
    for (const auto& mount : spec.mounts) {
        mounts.push_back({{"Type", "bind"},
                          {"Source", mount.source},
                          {"Target", mount.target},
                          {"ReadOnly", mount.read_only}});
    }
    // A volume of the local driver that is a bind mount underneath: with the image's content, as the image
    // expects it, and on a path that we can measure. Without a name it goes with its container.
    for (const auto& volume : spec.volumes) {
        const Json options = {{"type", "none"}, {"o", "bind"}, {"device", volume.source}};
        mounts.push_back({{"Type", "volume"},
                          {"Target", volume.target},
                          {"ReadOnly", volume.read_only},
                          {"VolumeOptions", {{"DriverConfig", {{"Name", "local"}, {"Options", options}}}}}});
    }
    Json host = {
        {"Mounts", std::move(mounts)},
        {"NetworkMode", spec.network ? "bridge" : "none"},
        {"NanoCpus", spec.cpu_millis * 1'000'000ULL},
        {"Memory", spec.memory_bytes},
        {"MemorySwap", spec.memory_bytes},
        {"PidsLimit", spec.max_pids},
        {"ShmSize", kShmBytes},
        {"CapDrop", {"ALL"}},
        {"SecurityOpt", {"no-new-privileges"}},
        {"Ulimits", {{{"Name", "fsize"}, {"Soft", spec.max_file_bytes}, {"Hard", spec.max_file_bytes}}}},
        {"RestartPolicy", {{"Name", "no"}}},
        {"LogConfig", {{"Type", "json-file"}, {"Config", {{"max-size", "8m"}, {"max-file", "2"}}}}}};
    if (spec.gpu_count > 0) {
        host["DeviceRequests"] = {{{"Driver", ""},
                                   {"Count", spec.gpu_count},
                                   {"Capabilities", Json::array({Json::array({"gpu"})})}}};
    }
    Json body = {{"Image", spec.image},   {"Env", std::move(env)},
                 {"Labels", spec.labels}, {"HostConfig", std::move(host)},
                 {"AttachStdout", false}, {"AttachStderr", false},
                 {"Tty", false},          {"NetworkDisabled", !spec.network}};
    if (!spec.command.empty()) {
        body["Cmd"] = spec.command;
    }
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<LogLine> parse_log_frames(std::string_view bytes) {
    constexpr std::size_t kHead = 8;
    std::vector<LogLine> lines;
    while (bytes.size() >= kHead) {
        std::size_t length = 0;
        for (std::size_t i = 4; i < kHead; ++i) {
            length = (length << 8) | static_cast<std::uint8_t>(bytes[i]);
        }
        if (bytes.size() - kHead < length) {
            break;
        }
        LogLine line;
        line.stream = bytes[0] == 2 ? "stderr" : "stdout";
        const auto content = bytes.substr(kHead, length);
        const auto space = content.find(' ');
        if (space != std::string_view::npos && space >= 20 && space <= 35 && content[space - 1] == 'Z') {
            line.at = content.substr(0, space);
            line.text = content.substr(space + 1);
        } else {
            line.text = content;
        }
        lines.push_back(std::move(line));
        bytes.remove_prefix(kHead + length);
    }
    return lines;
}

std::string pull_reference(const std::string& name) {
    if (name.find('@') != std::string::npos) {
        return name;
    }
    const auto slash = name.rfind('/');
    const auto colon = name.rfind(':');
    const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
    return tagged ? name : name + ":latest";
}

}  // namespace lamda::agent
