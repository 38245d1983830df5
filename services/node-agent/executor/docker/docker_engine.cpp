#include "services/node-agent/executor/docker/docker_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "net/http_client.hpp"
#include "services/node-agent/executor/docker/engine_answer.hpp"
#include "services/node-agent/executor/docker/engine_refusal.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

constexpr int kOldestMinor = 41;
constexpr int kNewestMinor = 44;
constexpr std::string_view kScheme = "unix://";

std::optional<Timestamp> time_of(const Json& state, const char* name) {
    const auto at = parse_rfc3339(state.value(name, ""));
    // The engine writes year 1 for "never".
    return at && at->time_since_epoch().count() > 0 ? std::optional(*at) : std::nullopt;
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

DockerEngine::Reports DockerEngine::reports() {
    auto version = call("GET", "/version");
    auto info = call("GET", "/info");
    for (const auto* answer : {&version, &info}) {
        if (answer->status != 200) {
            refuse(answer->status, answer->body);
        }
    }
    return {std::move(version.body), std::move(info.body)};
}

std::set<std::string> DockerEngine::runtimes() {
    const auto answer = call("GET", "/info");
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    std::set<std::string> names;
    const auto value = parse_answer(answer.body);
    if (const auto found = value.find("Runtimes"); found != value.end()) {
        for (const auto& [name, runtime] : found->items()) {
            names.insert(name);
        }
    }
    return names;
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

std::string DockerEngine::report_on(const std::string& container) {
    auto answer = call("GET", "/containers/" + container + "/json");
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    return std::move(answer.body);
}

bool DockerEngine::has_read_only_root(const std::string& container) {
    const auto value = parse_answer(report_on(container));
    const auto host = value.find("HostConfig");
    return host != value.end() && host->is_object() && host->value("ReadonlyRootfs", false);
}

bool DockerEngine::has_devices(const std::string& container) {
    const auto value = parse_answer(report_on(container));
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
