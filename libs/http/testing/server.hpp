// Test server with a few routes, on a free port.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "http/server.hpp"

namespace lamda::http {

/// Deadlines that no client reaches, however slow the machine is.
inline ServerConfig without_deadlines() {
    ServerConfig config;
    config.read_timeout_ms = 600'000;
    config.keep_alive_ms = 600'000;
    return config;
}

struct TestServer {
    explicit TestServer(ServerConfig config = without_deadlines())
        : server(std::move(config), clock, telemetry::Log::none(), metrics) {
        server.route("GET", "/items/{id}", [](const Request& request) {
            return Response{200, "application/json", "{\"id\":\"" + request.params.at("id") + "\"}", {}};
        });
        server.route("POST", "/items", [this](const Request& request) {
            ++posts;
            return Response{201, "application/json", std::to_string(request.body.size()), {}};
        });
        server.route("GET", "/refuse", [](const Request&) -> Response {
            throw problem::Problem{422, "no_such_thing", "", "because", {{"/a", "bad", "why"}}};
        });
        server.route("GET", "/break",
                     [](const Request&) -> Response { throw std::runtime_error("password=hunter2"); });
        server.route("GET", "/split", [](const Request&) {
            return Response{200, "text/plain", "x", {{"X-Evil", "a\r\nSet-Cookie: b"}, {"X-Good", "yes"}}};
        });
        server.route("GET", "/wait", [this](const Request&) {
            ++waiting;
            std::unique_lock lock(gate_mutex);
            gate.wait(lock, [this] { return open; });
            return Response{200, "text/plain", "done", {}};
        });
        port = server.start();
    }
    ~TestServer() { release(); }
    void release() {
        const std::lock_guard lock(gate_mutex);
        open = true;
        gate.notify_all();
    }

    SystemClock clock;
    telemetry::Metrics metrics;
    std::atomic<int> posts{0};
    std::atomic<int> waiting{0};
    std::mutex gate_mutex;
    std::condition_variable gate;
    bool open = false;
    Server server;
    int port = 0;
};

inline std::string get(const std::string& path, const std::string& more = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

}  // namespace lamda::http
