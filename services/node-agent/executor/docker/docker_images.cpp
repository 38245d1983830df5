// Image part of DockerEngine: inspects and pulls images.
#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/docker/engine_answer.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

constexpr int kGatewayTimeout = 504;

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

}  // namespace lamda::agent
