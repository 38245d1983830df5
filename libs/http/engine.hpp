// cpp-httplib's server, of which no worker is held by a client that idles, drips or talks nonsense.
#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "http/engine_config.hpp"
#include "http/watcher.hpp"
#include "http/worker_pool.hpp"

namespace lamda::http {

class Engine : private httplib::Server {
  public:
    /// The request is as the client sent it: names of headers in lowercase, nothing decoded but the chunks of
    /// the body.
    using Serve = std::function<void(const httplib::Request& request, httplib::Response& response)>;

    Engine(EngineConfig config, Serve serve, Watcher::Refuse refuse);
    ~Engine() override;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// @throws std::runtime_error when it cannot listen there
    int start();
    /// Answers what has begun, closes the rest.
    void stop();

  private:
    bool process_and_close_socket(socket_t socket) override;
    void bind();
    void listen_until_stopped();
    void serve(const ConnectionPtr& connection, RawRequest request);
    void enqueue(ConnectionPtr connection, RawRequest request);
    std::string exchange(RawRequest request, const std::string& remote, bool keep_alive);
    bool write_all(int fd, std::string_view bytes) const;

    EngineConfig config_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool listening_ = false;
    WorkerPool workers_;
    Watcher watcher_;
    std::thread listener_;
};

}  // namespace lamda::http
