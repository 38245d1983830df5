#include "services/node-agent/executor/docker/docker_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "net/http_client.hpp"
#include "services/node-agent/executor/docker/engine_refusal.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

constexpr int kOldestMinor = 41;
constexpr int kNewestMinor = 44;
constexpr std::string_view kScheme = "unix://";
constexpr int kGatewayTimeout = 504;
constexpr Millis kSizeTimeout{600'000};  // vfs reads all files of image and container

/// Error message of the engine, on one line.
std::string message_of(const std::string& body) {
    const auto value = Json::parse(body, nullptr, false);
    std::string text = value.is_object() && value.contains("message") && value["message"].is_string()
                           ? value["message"].get<std::string>()
                           : body.substr(0, 300);
    std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    return text;
}

[[noreturn]] void refuse(int status, const std::string& body) {
    throw EngineError(status, fmt::format("the engine answered {}: {}", status, message_of(body)));
}

Json parse_answer(const std::string& body) {
    auto value = Json::parse(body, nullptr, false);
    if (value.is_discarded()) {
        throw EngineError(502, "the engine's answer is not JSON");
    }
    return value;
}

std::optional<Timestamp> time_of(const Json& state, const char* name) {
    const auto at = parse_rfc3339(state.value(name, ""));
    // The engine writes year 1 for "never".
    return at && at->time_since_epoch().count() > 0 ? std::optional(*at) : std::nullopt;
}

/// Paths of Config.Volumes, which is an object keyed by path, or null.
std::vector<std::string> declared_volumes(const Json& image) {
    std::vector<std::string> paths;
    const auto config = image.find("Config");
    if (config != image.end() && config->is_object() && config->contains("Volumes")) {
        for (const auto& [path, nothing] : (*config)["Volumes"].items()) {
            paths.push_back(path);
        }
    }
    return paths;
}

int minor_of(const std::string& version) {
    if (!version.starts_with("1.")) {
        return -1;
    }
    return std::atoi(version.c_str() + 2);
}

}  // namespace

DockerEngine::DockerEngine(const std::string& host, net::Transport& http) : http_(http) {
    if (!host.starts_with(kScheme)) {
        throw std::invalid_argument("the engine's address is unix:///path");
    }
    socket_ = host.substr(kScheme.size());
}

void DockerEngine::negotiate() {
    net::HttpRequest request;
    request.url = "http://docker/_ping";
    request.unix_socket = socket_;
    request.timeout = Millis(2'000);
    const auto answer = http_.send(request);
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    const auto offered = minor_of(answer.header("Api-Version").value_or(""));
    if (offered < kOldestMinor) {
        throw EngineError(
            400, fmt::format("the engine offers API 1.{}, at least 1.{} is needed", offered, kOldestMinor));
    }
    const std::lock_guard lock(mutex_);
    version_ = fmt::format("v1.{}", std::min(offered, kNewestMinor));
}

std::string DockerEngine::version() {
    {
        const std::lock_guard lock(mutex_);
        if (!version_.empty()) {
            return version_;
        }
    }
    negotiate();
    const std::lock_guard lock(mutex_);
    return version_;
}

DockerEngine::Answer DockerEngine::call(const std::string& method, const std::string& path,
                                        const std::string& body, Millis timeout) {
    net::HttpRequest request;
    request.method = method;
    request.url = "http://docker/" + version() + path;
    request.unix_socket = socket_;
    request.timeout = timeout;
    if (!body.empty()) {
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = body;
    }
    auto answer = http_.send(request);
    return {answer.status, std::move(answer.body)};
}

bool DockerEngine::takes_connections() const {
    net::HttpClient fresh;
    net::HttpRequest request;
    request.url = "http://docker/_ping";
    request.unix_socket = socket_;
    request.timeout = Millis(2'000);
    try {
        return fresh.send(request).status == 200;
    } catch (const net::TransportError&) {
        return false;
    }
}

bool DockerEngine::has_bridge() {
    const auto answer = call("GET", "/networks/bridge");
    if (answer.status == 404) {
        return false;
    }
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    return parse_answer(answer.body).value("Driver", "") == "bridge";
}

Machine DockerEngine::machine() {
    const auto answer = call("GET", "/info");
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    const auto value = parse_answer(answer.body);
    const auto number = [&](const char* name) {
        const auto found = value.find(name);
        return found != value.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
    };
    return {number("MemTotal"), static_cast<std::uint32_t>(number("NCPU"))};
}

std::optional<Image> DockerEngine::image(const std::string& name) {
    const auto answer = call("GET", "/images/" + net::url_encode(name) + "/json");
    if (answer.status == 404) {
        return std::nullopt;
    }
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    const auto value = parse_answer(answer.body);
    Image image;
    image.id = value.value("Id", "");
    if (value.contains("RepoDigests") && value["RepoDigests"].is_array()) {
        for (const auto& digest : value["RepoDigests"]) {
            image.repo_digests.push_back(digest.get<std::string>());
        }
    }
    image.volumes = declared_volumes(value);
    return image;
}

void DockerEngine::pull(const std::string& name, Millis timeout, const std::stop_token& stop) {
    constexpr std::size_t kMostLine = 65'536;
    constexpr std::size_t kMostHead = 4'096;
    net::HttpRequest request;
    request.method = "POST";
    request.url =
        "http://docker/" + version() + "/images/create?fromImage=" + net::url_encode(pull_reference(name));
    request.unix_socket = socket_;
    request.timeout = timeout;
    request.stop = stop;
    // The progress report may be long: only the last error is kept.
    std::string line;
    std::string failure;
    std::string head;
    const auto end_line = [&] {
        if (auto error = pull_error(line); !error.empty()) {
            failure = std::move(error);
        }
        line.clear();
    };
    request.on_data = [&](BytesView part) {
        for (const auto byte : part) {
            if (byte == '\n') {
                end_line();
            } else if (line.size() < kMostLine) {
                line += static_cast<char>(byte);
            }
        }
        if (head.size() < kMostHead) {
            head.append(as_string(part));
        }
        return true;
    };
    int status = 0;
    try {
        status = http_.send(request).status;
    } catch (const net::TransportError& error) {
        if (error.kind() == net::TransportError::Kind::kTimeout) {
            throw EngineError(kGatewayTimeout, "the image pull timed out");
        }
        throw;
    }
    if (status != 200) {
        refuse(status, head);
    }
    end_line();
    if (!failure.empty()) {
        throw EngineError(500, failure);
    }
}

bool DockerEngine::has_quota() {
    {
        const std::lock_guard lock(mutex_);
        if (quota_) {
            return *quota_;
        }
    }
    const auto info = call("GET", "/info");
    if (info.status != 200) {
        refuse(info.status, info.body);
    }
    const bool has = may_have_quota(info.body);
    const std::lock_guard lock(mutex_);
    quota_ = has;
    return has;
}

bool DockerEngine::create(const ContainerSpec& spec) {
    const auto create = [&](const ContainerSpec& wanted) {
        return call("POST", "/containers/create?name=" + net::url_encode(wanted.name), create_body(wanted));
    };
    auto wanted = spec;
    wanted.max_layer_bytes = spec.max_layer_bytes > 0 && has_quota() ? spec.max_layer_bytes : 0;
    auto answer = create(wanted);
    if (wanted.max_layer_bytes > 0 && answer.status >= 400 && lacks_quota(message_of(answer.body))) {
        {
            const std::lock_guard lock(mutex_);
            quota_ = false;
        }
        wanted.max_layer_bytes = 0;
        answer = create(wanted);
    }
    if (answer.status == 409) {
        return false;
    }
    if (answer.status != 201) {
        refuse(answer.status, answer.body);
    }
    return true;
}

bool DockerEngine::has_devices(const std::string& container) {
    const auto answer = call("GET", "/containers/" + container + "/json");
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    const auto value = parse_answer(answer.body);
    const auto host = value.find("HostConfig");
    const auto some = [&](const char* name) {
        return host->contains(name) && (*host)[name].is_array() && !(*host)[name].empty();
    };
    return host != value.end() && host->is_object() && (some("DeviceRequests") || some("Devices"));
}

void DockerEngine::start(const std::string& container) {
    const auto answer = call("POST", "/containers/" + container + "/start", "", Millis(120'000));
    if (answer.status != 204 && answer.status != 304) {  // 304: it runs already
        refuse(answer.status, answer.body);
    }
}

std::optional<ContainerState> DockerEngine::inspect(const std::string& container) {
    const auto answer = call("GET", "/containers/" + container + "/json");
    if (answer.status == 404) {
        return std::nullopt;
    }
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    const auto value = parse_answer(answer.body);
    const auto& state = value.at("State");
    ContainerState out;
    out.id = value.value("Id", "");
    out.image_id = value.value("Image", "");
    out.status = state.value("Status", "");
    out.exit_code = state.value("ExitCode", 0);
    out.oom_killed = state.value("OOMKilled", false);
    out.error = state.value("Error", "");
    out.started_at = time_of(state, "StartedAt");
    out.finished_at = time_of(state, "FinishedAt");
    return out;
}

ContainerSize DockerEngine::size(const std::string& container, const std::stop_token& stop) {
    net::HttpRequest request;
    request.url = "http://docker/" + version() + "/containers/" + container + "/json?size=1";
    request.unix_socket = socket_;
    request.timeout = kSizeTimeout;
    request.stop = stop;
    const auto answer = http_.send(request);
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    const auto value = parse_answer(answer.body);
    const auto bytes = value.value("SizeRw", std::int64_t{-1});
    if (bytes < 0) {
        throw EngineError(500, "the engine does not report the container's size");
    }
    ContainerSize size;
    size.layer_bytes = static_cast<std::uint64_t>(bytes);
    for (const auto* name : {"HostsPath", "HostnamePath", "ResolvConfPath"}) {
        if (auto path = value.value(name, ""); !path.empty()) {
            size.files.push_back(std::move(path));
        }
    }
    return size;
}

std::uint64_t DockerEngine::changed_paths(const std::string& container, std::uint64_t most,
                                          const std::stop_token& stop) {
    constexpr std::size_t kMostHead = 4'096;
    net::HttpRequest request;
    request.url = "http://docker/" + version() + "/containers/" + container + "/changes";
    request.unix_socket = socket_;
    request.timeout = kSizeTimeout;
    request.stop = stop;
    ChangeCounter counter;
    std::string head;
    request.on_data = [&](BytesView part) {
        counter.add(as_string(part));
        head.append(as_string(part).substr(0, kMostHead - std::min(head.size(), kMostHead)));
        return counter.count() <= most;
    };
    try {
        if (const auto answer = http_.send(request); answer.status != 200) {
            refuse(answer.status, head);
        }
    } catch (const net::TransportError& error) {
        if (error.kind() != net::TransportError::Kind::kCancelled || counter.count() <= most) {
            throw;
        }
    }
    return counter.count();
}

bool DockerEngine::wait(const std::string& container, Millis timeout) {
    try {
        const auto answer =
            call("POST", "/containers/" + container + "/wait?condition=not-running", "", timeout);
        if (answer.status != 200 && answer.status != 404) {
            refuse(answer.status, answer.body);
        }
        return true;
    } catch (const net::TransportError& error) {
        if (error.kind() == net::TransportError::Kind::kTimeout) {
            return false;
        }
        throw;
    }
}

void DockerEngine::kill(const std::string& container) {
    const auto answer = call("POST", "/containers/" + container + "/kill");
    if (answer.status != 204 && answer.status != 404 && answer.status != 409) {
        refuse(answer.status, answer.body);
    }
}

void DockerEngine::remove(const std::string& container) {
    const auto answer = call("DELETE", "/containers/" + container + "?force=1&v=1");
    // 409: its removal is under way.
    if (answer.status != 204 && answer.status != 404 && answer.status != 409) {
        refuse(answer.status, answer.body);
    }
}

DockerEngine::LogBytes DockerEngine::read_logs(const std::string& container, const std::string& since,
                                               std::size_t max_bytes) {
    net::HttpRequest request;
    request.url = "http://docker/" + version() + "/containers/" + container +
                  "/logs?stdout=1&stderr=1&timestamps=1" +
                  (since.empty() ? "" : "&since=" + engine_seconds(since));
    request.unix_socket = socket_;
    request.timeout = Millis(10'000);
    LogBytes out;
    request.on_data = [&](BytesView part) {
        out.bytes.append(as_string(part));
        out.cut = out.bytes.size() >= max_bytes;
        return !out.cut;
    };
    int status = 200;
    try {
        status = http_.send(request).status;
    } catch (const net::TransportError& error) {
        if (error.kind() != net::TransportError::Kind::kCancelled) {
            throw;
        }
    }
    if (status == 404) {
        return {};
    }
    if (status != 200) {
        refuse(status, out.bytes);
    }
    return out;
}

std::vector<LogLine> DockerEngine::logs(const std::string& container, const LogPosition& after,
                                        std::size_t max_bytes) {
    constexpr std::size_t kMostReadAgain = 16;
    for (std::size_t factor = 1;; factor *= 2) {
        const auto read = read_logs(container, after.since, factor * max_bytes);
        auto lines = parse_log_frames(read.bytes);
        drop_read(lines, after);
        // One second may hold more lines than fit.
        if (!lines.empty() || !read.cut || factor == kMostReadAgain) {
            return lines;
        }
    }
}

std::vector<ContainerRef> DockerEngine::list(const std::string& label) {
    const auto filters = Json{{"label", {label}}}.dump();
    const auto answer = call("GET", "/containers/json?all=1&filters=" + net::url_encode(filters));
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    std::vector<ContainerRef> found;
    for (const auto& value : parse_answer(answer.body)) {
        found.push_back({value.value("Id", ""), value.value("Labels", std::map<std::string, std::string>{})});
    }
    return found;
}

}  // namespace lamda::agent
