// JSON codec of the Docker Engine API: request bodies, answers and log frames (docker_engine.hpp).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/docker_engine.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {
/// Docker's default size of /dev/shm, set explicitly. Its content counts as memory.
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
    // A volume of the local driver that is a bind mount: initialized with the image's content, as the image
    // expects, and on a path that the agent can measure. Without a name it is removed with its container.
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
    if (spec.max_layer_bytes > 0) {
        host["StorageOpt"] = {{"size", std::to_string(spec.max_layer_bytes)}};
    }
    if (spec.gpu_count > 0) {
        host["DeviceRequests"] = {{{"Driver", ""},
                                   {"Count", spec.gpu_count},
                                   {"Capabilities", Json::array({Json::array({"gpu"})})}}};
    }
    if (spec.read_only_root) {
        host["ReadonlyRootfs"] = true;
    }
    if (spec.tmp_bytes > 0) {
        // Programs may run from there, as from any /tmp.
        host["Tmpfs"] = {{"/tmp", fmt::format("rw,exec,nosuid,nodev,mode=1777,size={}", spec.tmp_bytes)}};
    }
    if (!spec.runtime.empty()) {
        host["Runtime"] = spec.runtime;
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

std::string engine_seconds(const std::string& rfc3339) {
    const auto at = parse_rfc3339(rfc3339);
    if (!at) {
        return "0";
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch().count();
    const auto point = rfc3339.find('.');
    std::string nanos = point == std::string::npos ? "" : rfc3339.substr(point + 1);
    nanos.resize(std::min(nanos.find_first_not_of("0123456789"), nanos.size()));
    nanos.resize(9, '0');
    return fmt::format("{}.{}", seconds, nanos);
}

void drop_read(std::vector<LogLine>& lines, const LogPosition& after) {
    if (after.since.empty()) {
        return;
    }
    auto left = after.seen;
    std::erase_if(lines, [&](const LogLine& line) {
        if (line.at != after.since) {
            return !line.at.empty() && line.at < after.since;
        }
        const bool read = left > 0;
        left -= read ? 1 : 0;
        return read;
    });
}

bool may_have_quota(std::string_view info) {
    const auto value = Json::parse(info, nullptr, false);
    if (!value.is_object() || !value.contains("Driver")) {
        return false;
    }
    if (value["Driver"] == "overlay2") {
        const auto status = value.value("DriverStatus", Json::array());
        return std::find(status.begin(), status.end(), Json({"Backing Filesystem", "xfs"})) != status.end();
    }
    return value["Driver"] == "zfs";
}

void ChangeCounter::add(std::string_view part) {
    // Quotes inside paths are escaped, so this text only occurs as a member of an object.
    constexpr std::string_view kMember = "\"Kind\":";
    rest_.append(part);
    std::size_t at = 0;
    for (auto found = rest_.find(kMember); found != std::string::npos; found = rest_.find(kMember, at)) {
        ++count_;
        at = found + kMember.size();
    }
    rest_.erase(0, std::max(at, rest_.size() - std::min(rest_.size(), kMember.size() - 1)));
}

std::string pull_error(std::string_view line) {
    const auto value = Json::parse(line, nullptr, false);
    if (!value.is_object()) {
        return "";
    }
    std::string text;
    if (const auto error = value.find("error"); error != value.end() && error->is_string()) {
        text = error->get<std::string>();
    }
    if (const auto detail = value.find("errorDetail"); text.empty() && detail != value.end()) {
        text = detail->is_object() && detail->contains("message") && (*detail)["message"].is_string()
                   ? (*detail)["message"].get<std::string>()
                   : detail->dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    return text;
}

namespace {

/// Converts RFC 3339 with any fraction and offset to UTC with nanoseconds; empty if the text is not RFC 3339.
std::string in_utc(std::string_view text) {
    constexpr std::size_t kWholeSeconds = 19;
    constexpr std::size_t kNanoDigits = 9;
    const auto at = parse_rfc3339(text);
    if (!at) {
        return "";
    }
    std::string nanos;
    if (text.size() > kWholeSeconds && text[kWholeSeconds] == '.') {
        nanos = text.substr(kWholeSeconds + 1);
        nanos.resize(std::min(nanos.find_first_not_of("0123456789"), nanos.size()));
    }
    nanos.resize(kNanoDigits, '0');
    return to_rfc3339(*at).substr(0, kWholeSeconds).append(".").append(nanos).append("Z");
}

}  // namespace

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
        line.at = space == std::string_view::npos ? "" : in_utc(content.substr(0, space));
        line.text = line.at.empty() ? content : content.substr(space + 1);
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
