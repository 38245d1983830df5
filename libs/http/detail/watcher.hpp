// Connections that no worker is busy with: idle ones, those whose request trickles in, those whose answer is
// being sent, those that are being closed. One thread watches them all in epoll(7), under deadlines, and
// looks at what they send with MSG_PEEK.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "http/detail/connection_slots.hpp"
#include "http/detail/engine_config.hpp"
#include "http/detail/request_reader.hpp"

namespace lamda::http {

struct Connection {
    using Clock = std::chrono::steady_clock;
    enum class Stage {
        kWaiting,   ///< for (more of) a request
        kServing,   ///< a worker has it
        kSending,   ///< the answer, as fast as the client reads
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
    bool fresh = true;   ///< no request has come yet: its deadline runs since accept(2)
    bool in_request = false;
    Clock::time_point request_began;
    Clock::time_point deadline;
    RequestReader reader;
    std::string unsent;
    std::size_t sent = 0;  ///< of `unsent`
    MemoryBudget::Share unsent_share;
    bool keep_alive = false;   ///< after `unsent`
    std::uint32_t events = 0;  ///< that epoll reports
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

    /// Takes the socket over. When there are as many as may be, another one that waits is closed.
    /// @param remote numeric address of the peer
    void add(int fd, const std::string& remote);
    /// Sends what the socket takes at once; the rest follows from the watching thread. Returns the
    /// connection's next request, when the answer is sent and that is there already.
    std::optional<RawRequest> answer(const ConnectionPtr& connection, std::string bytes, bool keep_alive);
    void drop(const ConnectionPtr& connection);
    /// Waits a second at most for answers that are being sent, then closes all connections.
    void stop();

  private:
    using Clock = Connection::Clock;

    void watch();
    void on_event(std::uint64_t id, std::uint32_t events);
    void sweep();
    ConnectionPtr take_out(std::uint64_t id);  ///< with mutex_ held
    void evict(const ConnectionPtr& connection);
    void relieve();
    // These: with the connection's mutex held.
    std::optional<RawRequest> on_ready(Connection& connection);
    std::optional<RawRequest> advance(Connection& connection);
    std::optional<RawRequest> begin_serving(Connection& connection);
    std::optional<RawRequest> send_on(Connection& connection);
    void set_deadline(Connection& connection);
    void expire(Connection& connection);
    void refuse(Connection& connection, const Refusal& refusal);
    void close_gently(Connection& connection);
    void discard(Connection& connection);
    void forget(Connection& connection);
    void hold(const Connection& connection, std::size_t bytes);
    void watch_for(Connection& connection, std::uint32_t events) const;
    void rearm(const Connection& connection) const;

    const EngineConfig config_;
    const Ready ready_;
    const Refuse refuse_;
    int epoll_fd_ = -1;
    int wake_fd_ = -1;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;  ///< may be taken while a connection's is held, not the other way round
    std::condition_variable sent_;
    std::unordered_map<std::uint64_t, ConnectionPtr> connections_;
    ConnectionSlots slots_;
    std::size_t sending_ = 0;
    std::uint64_t next_id_ = 1;
    std::thread thread_;
};

}  // namespace lamda::http
