// Sessions of WebSocket clients of the live feed: their requests, answered on a few threads.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "http/feed.hpp"
#include "http/web_socket.hpp"
#include "services/api-gateway/feed/feed_hub.hpp"

namespace lamda::gateway {

struct Parts;

/// One client. What it sends is kept until a thread takes it; its own requests are answered one after the
/// other.
class WebSocketSession {
  public:
    /// Most bytes of a client's message, and of what waits to be read.
    static constexpr std::size_t kMostMessage = 8U << 10;
    static constexpr std::size_t kMostWaiting = 64U << 10;

    explicit WebSocketSession(std::shared_ptr<http::Feed> feed) : feed_(std::move(feed)) {}

    /// Before any input.
    void set_listener(const FeedHub::ListenerPtr& listener) { listener_ = listener; }
    /// Keeps bytes of the client. Ends the connection if too many wait. True: nothing waited, so that the
    /// session must be queued. Any thread.
    bool keep(std::string_view bytes);
    /// Answers a part of what waits. True: more waits. One thread at a time.
    bool answer(const Parts& parts);
    /// Ends the connection after an exception of answer().
    void abort(const Parts& parts);

  private:
    /// Answers a few messages. True: the connection is over.
    bool answer_some(const Parts& parts, const FeedHub::ListenerPtr& listener);
    void answer_message(const Parts& parts, const FeedHub::ListenerPtr& listener, const std::string& text);

    const std::shared_ptr<http::Feed> feed_;
    std::weak_ptr<FeedHub::Listener> listener_;
    http::WebSocketReader reader_{kMostMessage};
    /// Read, and not answered yet. Of the thread that runs answer().
    struct Read {
        std::deque<std::string> messages;
        std::string answer;  ///< frames that follow
        bool over = false;
    } read_;
    std::mutex mutex_;
    std::string waiting_;
    bool queued_ = false;
    bool over_ = false;
};

/// Sessions with input. Thread-safe.
class WebSocketSessions {
  public:
    void add(std::shared_ptr<WebSocketSession> session);
    /// Answers sessions, in the order of their input, until stopped. Several threads may run it.
    void run(const Parts& parts, const std::stop_token& stop);

  private:
    std::mutex mutex_;
    std::deque<std::shared_ptr<WebSocketSession>> waiting_;
    std::condition_variable_any changed_;
};

}  // namespace lamda::gateway
