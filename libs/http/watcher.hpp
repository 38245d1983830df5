// Connections that no worker is busy with: idle ones, those whose request trickles in, those that are being
// closed. One thread watches them all in epoll(7), under deadlines, and looks at what they send with
// MSG_PEEK.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "http/engine_config.hpp"
#include "http/request_reader.hpp"

namespace lamda::http {

struct Connection {
    using Clock = std::chrono::steady_clock;
    enum class Stage {
        kWaiting,   ///< for (more of) a request
        kServing,   ///< a worker has it
        kDraining,  ///< answered for the last time: what still comes is thrown away
        kGone
    };

    Connection(std::uint64_t number, int socket, std::string peer, std::size_t max_body)
        : id(number), fd(socket), remote(std::move(peer)), reader(max_body) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    const std::uint64_t id;
    const int fd;
    const std::string remote;

    std::mutex mutex;  ///< of all that follows
    Stage stage = Stage::kWaiting;
    bool ended = false;  ///< the client sends nothing after what waits
    bool in_request = false;
    Clock::time_point request_began;
    Clock::time_point deadline;
    RequestReader reader;
};
using ConnectionPtr = std::shared_ptr<Connection>;

/// Takes from a socket what belongs to the present request and not a byte more, and of a request nothing
/// before its head is whole and judged: until then, and between two requests, the socket can be handed to
/// another protocol.
class Watcher {
  public:
    /// Called on the watching thread; must not wait.
    using Ready = std::function<void(ConnectionPtr connection, RawRequest request)>;
    /// The answer, as bytes, to what is no request.
    using Refuse = std::function<std::string(const Refusal& refusal, const std::string& remote)>;

    Watcher(const EngineConfig& config, Ready ready, Refuse refuse);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    /// Takes the socket over. @param remote numeric address of the peer
    void add(int fd, const std::string& remote);
    /// Gives a connection back after an answer; or its next request, when that is there already.
    std::optional<RawRequest> resume(const ConnectionPtr& connection);
    /// After the last answer.
    void finish(const ConnectionPtr& connection);
    void drop(const ConnectionPtr& connection);
    /// Closes all connections.
    void stop();

  private:
    using Clock = Connection::Clock;

    void watch();
    void on_event(std::uint64_t id, std::uint32_t events);
    void sweep();
    // These: with the connection's mutex held.
    std::optional<RawRequest> advance(Connection& connection);
    void expire(Connection& connection);
    void refuse(Connection& connection, const Refusal& refusal);
    void close_gently(Connection& connection);
    void discard(Connection& connection);
    void forget(Connection& connection);

    const EngineConfig config_;
    const Ready ready_;
    const Refuse refuse_;
    int epoll_fd_ = -1;
    int wake_fd_ = -1;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;  ///< may be taken while a connection's is held, not the other way round
    std::unordered_map<std::uint64_t, ConnectionPtr> connections_;
    std::uint64_t next_id_ = 1;
    std::thread thread_;
};

}  // namespace lamda::http
