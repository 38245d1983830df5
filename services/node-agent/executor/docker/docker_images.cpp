// Image part of DockerEngine: inspects and pulls images.
#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/docker/engine_answer.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

constexpr int kGatewayTimeout = 504;
constexpr Millis kRemoveTimeout{120'000};

/// Overwrites the values of headers in memory at the end of a scope.
struct WipedHeaders {
    net::Headers& headers;
    ~WipedHeaders() {
        for (auto& [name, value] : headers) {
            runtime::wipe(value);
        }
    }
};

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

}  // namespace

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

std::map<std::string, StoredImage> DockerEngine::images() {
    const auto answer = call("GET", "/images/json");
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    std::map<std::string, StoredImage> out;
    for (const auto& value : parse_answer(answer.body)) {
        StoredImage image{value.value("Size", std::uint64_t{0}), {}};
        if (value.contains("RepoTags") && value["RepoTags"].is_array()) {
            image.tags = value["RepoTags"].get<std::vector<std::string>>();
        }
        std::erase(image.tags, "<none>:<none>");
        out.emplace(value.value("Id", ""), std::move(image));
    }
    return out;
}

std::set<std::string> DockerEngine::used_images() {
    const auto answer = call("GET", "/containers/json?all=1");
    if (answer.status != 200) {
        refuse(answer.status, answer.body);
    }
    std::set<std::string> ids;
    for (const auto& value : parse_answer(answer.body)) {
        ids.insert(value.value("ImageID", ""));
    }
    return ids;
}

bool DockerEngine::remove_image(const std::string& id, const std::vector<std::string>& names) {
    // By name first: the engine refuses an id that several names refer to. The id last: an image without
    // tags.
    auto references = names;
    references.push_back(id);
    for (const auto& reference : references) {
        const auto answer = call("DELETE", "/images/" + net::url_encode(reference), "", kRemoveTimeout);
        if (answer.status == 409) {
            return false;
        }
        if (answer.status != 200 && answer.status != 404) {
            refuse(answer.status, answer.body);
        }
    }
    return true;
}

void DockerEngine::pull(const std::string& name, const PullOptions& options, const std::stop_token& stop) {
    constexpr std::size_t kMostLine = 65'536;
    constexpr std::size_t kMostHead = 4'096;
    net::HttpRequest request;
    request.method = "POST";
    request.url =
        "http://docker/" + version() + "/images/create?fromImage=" + net::url_encode(pull_reference(name));
    request.unix_socket = socket_;
    request.timeout = options.timeout;
    request.stop = stop;
    if (!options.login.empty()) {
        request.headers.emplace_back("X-Registry-Auth", options.login.reveal());
    }
    const WipedHeaders wiped{request.headers};
    // The progress report may be long: only the last error is kept.
    PullProgress progress;
    std::string line;
    std::string failure;
    std::string head;
    const auto end_line = [&] {
        if (auto error = pull_error(line); !error.empty()) {
            failure = std::move(error);
        }
        progress.add(line);
        if (options.on_progress) {
            options.on_progress(progress);
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

}  // namespace lamda::agent
