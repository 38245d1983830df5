// The limits in time and number of the server's connections.
#pragma once

#include <chrono>
#include <string>

namespace lamda::http {

struct EngineConfig {
    std::string bind_address;
    int port = 0;
    std::size_t workers = 8;
    std::size_t most_workers = 64;
    std::size_t most_connections = 1000;  ///< more are answered 503 and closed
    std::size_t max_body = 1U << 20;
    std::chrono::milliseconds head_timeout{5'000};
    std::chrono::milliseconds body_timeout{30'000};  ///< for the whole request, from its first byte
    std::chrono::milliseconds keep_alive{5'000};
    std::chrono::milliseconds write_timeout{10'000};  ///< for a whole answer
};

}  // namespace lamda::http
