// Sockets and threads of the server. A connection holds a worker only while its handler runs or its answer is
// written: idle ones and those whose request trickles in wait in epoll(7), under a deadline.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "http/request_reader.hpp"

namespace lamda::http {

struct ReactorConfig {
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

class Reactor {
  public:
    /// The whole answer as bytes. `keep_alive` comes as the client wishes it, and may be set to false.
    using Serve = std::function<std::string(RawRequest request, const std::string& remote, bool& keep_alive)>;
    using Refuse = std::function<std::string(const Refusal& refusal, const std::string& remote)>;

    Reactor(ReactorConfig config, Serve serve, Refuse refuse);
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// @throws std::runtime_error when it cannot listen there
    int start();
    void stop();
    std::size_t connections() const;
    std::size_t workers() const { return workers_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Connection;
    using ConnectionPtr = std::shared_ptr<Connection>;

    void accept_loop();
    void accept_one(int fd, const std::string& remote);
    void sweep();
    void worker_loop(bool permanent);
    void start_worker(bool permanent);
    /// The connection of an event, now held by the caller alone; null when another has it or it is gone.
    ConnectionPtr take(std::uint64_t id);
    /// Gives it back to wait for more bytes; or, when its turn is over, only for the next free worker.
    void wait_for_more(const ConnectionPtr& connection, bool at_once = false);
    void drop(const ConnectionPtr& connection);
    void serve(const ConnectionPtr& connection);
    /// False: the connection is finished with.
    bool answer(const ConnectionPtr& connection);
    void close_gently(const ConnectionPtr& connection);
    void discard(const ConnectionPtr& connection);
    bool write_all(int fd, std::string_view bytes);

    ReactorConfig config_;
    Serve serve_;
    Refuse refuse_;
    int listen_fd_ = -1;
    int epoll_fd_ = -1;
    int wake_fd_ = -1;
    std::atomic<bool> stopping_{false};
    std::thread acceptor_;

    mutable std::mutex mutex_;
    std::map<std::uint64_t, ConnectionPtr> connections_;
    std::uint64_t next_id_ = 1;

    std::mutex workers_mutex_;
    std::condition_variable workers_gone_;
    std::atomic<std::size_t> workers_{0};
    std::atomic<std::size_t> busy_{0};
};

}  // namespace lamda::http
