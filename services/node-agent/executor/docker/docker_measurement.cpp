// Measurement part of DockerEngine: the size and the changed paths of a container.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/docker/engine_answer.hpp"

namespace lamda::agent {

namespace {

constexpr Millis kSizeTimeout{600'000};  // vfs reads all files of image and container

}  // namespace

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

}  // namespace lamda::agent
