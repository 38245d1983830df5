// Log part of DockerEngine: reads the lines after a position.
#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/docker/engine_answer.hpp"

namespace lamda::agent {

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

}  // namespace lamda::agent
