// cpp-httplib's server without a worker per connection: idle, slow and malformed clients hold no thread.
#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "http/detail/body_reader.hpp"
#include "http/detail/engine_config.hpp"
#include "http/detail/watcher.hpp"
#include "http/detail/worker_pool.hpp"

namespace lamda::http {

/// Name under which Engine passes Accept-Encoding on: under its own, cpp-httplib would compress answers at a
/// level and in a format of its choice. No client can send this name, which is no token.
constexpr const char* kAcceptEncoding = ":accept-encoding";
/// The same for Range, which cpp-httplib would apply to the body itself.
constexpr const char* kRange = ":range";

class Engine : private httplib::Server {
  public:
    /// Rest of an answer whose head has no body yet.
    struct Following {
        std::shared_ptr<Feed> feed;  ///< null: nothing
        std::optional<std::uint64_t>
            length;  ///< Content-Length; absent: the connection's end is the answer's
    };
    /// Receives the request as sent: header names in lowercase, nothing decoded except the chunks of the
    /// body. @param body of a streamed request, whose own one is empty; null: of another
    using Serve = std::function<Following(const httplib::Request& request, httplib::Response& response,
                                          BodyReader* body)>;
    /// True for a large request, of which a few run at a time (EngineConfig::most_large).
    using IsLarge = std::function<bool(const RawRequest& request)>;

    Engine(EngineConfig config, const Clock& clock, Serve serve, IsLarge is_large, Watcher::Refuse refuse);
    ~Engine() override;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// @throws std::runtime_error if it cannot listen there
    int start();
    /// Answers requests in progress, closes the other connections.
    void stop();

  private:
    bool process_and_close_socket(socket_t socket) override;
    void bind();
    void listen_until_stopped();
    void serve(const ConnectionPtr& connection, RawRequest request, bool large);
    void enqueue(ConnectionPtr connection, RawRequest request, bool large = false);
    struct Exchanged {
        std::string bytes;           ///< empty: failed
        std::shared_ptr<Feed> feed;  ///< of what follows; null: nothing
    };
    Exchanged exchange(RawRequest request, const std::string& remote, bool keep_alive, BodyReader* body);

    EngineConfig config_;
    const Clock& clock_;
    const IsLarge is_large_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool listening_ = false;
    WorkerPool workers_;
    Watcher watcher_;
    std::thread listener_;
};

}  // namespace lamda::http
