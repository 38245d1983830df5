// Watcher: connections without a worker: idle, receiving a request, sending an answer, or closing. One thread
// watches them all with epoll(7) under deadlines, and reads their input with MSG_PEEK.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "core/clock.hpp"
#include "http/detail/connection_slots.hpp"
#include "http/detail/engine_config.hpp"
#include "http/detail/request_reader.hpp"
#include "http/detail/written_feeds.hpp"
#include "http/feed.hpp"

namespace lamda::http {

struct Connection {
    enum class Stage {
        kWaiting,   ///< waits for (more of) a request
        kServing,   ///< a worker serves it
        kSending,   ///< sends the answer as the client reads
        kFeeding,   ///< waits for more of an answer that has a feed
        kDraining,  ///< the last answer is sent: further input is discarded
        kGone
    };

    Connection(std::uint64_t number, int socket, std::string peer, const EngineConfig& config)
        : id(number), fd(socket), remote(std::move(peer)), reader(config.max_body, config.is_streamed) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    const std::uint64_t id;
    const int fd;
    const std::string remote;

    std::mutex mutex;  ///< guards all members below
    Stage stage = Stage::kWaiting;
    bool ended = false;  ///< the client sends nothing after the waiting bytes
    bool fresh = true;   ///< no request yet: the deadline counts from accept(2)
    bool in_request = false;
    Steady request_began;
    Steady deadline;
    RequestReader reader;
    std::string unsent;
    std::size_t sent = 0;  ///< bytes of `unsent`
    MemoryBudget::Share unsent_share;
    std::shared_ptr<Feed> feed;  ///< of what follows `unsent`; null: nothing
    bool keep_alive = false;     ///< after `unsent` is sent
    bool body_unread = false;    ///< the client may still be sending the body of the answered request
    std::uint32_t events = 0;    ///< events that epoll reports
};
using ConnectionPtr = std::shared_ptr<Connection>;

struct Answer {
    std::string bytes;
    bool keep_alive = false;
    std::shared_ptr<Feed> feed = nullptr;  ///< of what follows `bytes`; the connection is closed after it
    bool body_unread = false;  ///< the handler has not read the streamed body to its end; not with keep_alive
};

/// Takes exactly the bytes of the current request from a socket, and none of them before the head is complete
/// and valid: until then, and between two requests, the socket can be handed to another protocol.
class Watcher {
  public:
    /// Called on the watching thread; must not block.
    using Ready = std::function<void(ConnectionPtr connection, RawRequest request)>;
    /// Returns the answer, as bytes, to input that is not a request.
    using Refuse = std::function<std::string(const Refusal& refusal, const std::string& remote)>;

    Watcher(const EngineConfig& config, const Clock& clock, Ready ready, Refuse refuse);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    /// Takes ownership of the socket. At the limit of connections it closes another one that waits.
    /// @param remote numeric address of the peer
    void add(int fd, const std::string& remote);
    /// Sends as much as the socket accepts now; the watching thread sends the rest. Returns the connection's
    /// next request if the answer is sent and the request has already arrived.
    std::optional<RawRequest> answer(const ConnectionPtr& connection, Answer answer);
    void drop(const ConnectionPtr& connection);
    /// Waits up to a second for unsent answers, then closes all connections.
    void stop();

  private:
    void watch();
    void on_event(std::uint64_t id, std::uint32_t events);
    /// Handles deadlines.
    void sweep();
    /// Sends what was written to feeds.
    void send_written();
    ConnectionPtr take_out(std::uint64_t id);  ///< with mutex_ held
    void evict(const ConnectionPtr& connection);
    void relieve();
    // Functions called with the connection's mutex held.
    std::optional<RawRequest> on_ready(Connection& connection);
    std::optional<RawRequest> advance(Connection& connection);
    std::optional<RawRequest> begin_serving(Connection& connection);
    std::optional<RawRequest> send_on(Connection& connection);
    void await_feed(Connection& connection);
    void pull_feed(Connection& connection);
    void expire(Connection& connection);
    void refuse(Connection& connection, const Refusal& refusal);
    void close_after_drain(Connection& connection);
    /// Passes the client's input to the feed that wants it, else discards it. Its end is the client's.
    void take_input(Connection& connection);
    void forget(Connection& connection);
    void hold(const Connection& connection, std::size_t bytes);
    void watch_for(Connection& connection, std::uint32_t events) const;
    void rearm(const Connection& connection) const;

    const EngineConfig config_;
    const Clock& clock_;
    const Ready ready_;
    const Refuse refuse_;
    int epoll_fd_ = -1;
    const std::shared_ptr<WrittenFeeds> written_ = std::make_shared<WrittenFeeds>();
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;  ///< lock order: a connection's mutex first, then this one
    std::condition_variable sent_;
    std::unordered_map<std::uint64_t, ConnectionPtr> connections_;
    ConnectionSlots slots_;
    std::size_t sending_ = 0;
    std::uint64_t next_id_ = 1;
    std::thread thread_;
};

}  // namespace lamda::http
