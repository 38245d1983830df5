#include "http/detail/engine.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace lamda::http {

namespace {

using std::chrono::milliseconds;

constexpr int kBacklog = 512;
/// Pipelined requests answered for one connection before other connections get a turn.
constexpr int kPipelined = 16;
/// Kernel buffer for unread answers: the rest is buffered in this process, where it is counted.
constexpr int kSendBuffer = 128 * 1024;

/// Runs process_and_close_socket() on cpp-httplib's accepting thread. There it only passes the socket on, for
/// a few system calls: workers are for complete requests.
class AtOnce : public httplib::TaskQueue {
  public:
    void enqueue(std::function<void()> task) override { task(); }
    void shutdown() override {}
};

/// Stream from which cpp-httplib reads a request and to which it writes the answer. Not a socket: the request
/// is already read, and the watcher sends the answer.
class MemoryStream : public httplib::Stream {
  public:
    explicit MemoryStream(std::string remote) : remote_(std::move(remote)) {}

    bool is_readable() const override { return !unread_.empty(); }
    bool is_writable() const override { return true; }
    ssize_t read(char* to, std::size_t size) override {
        const std::size_t count = unread_.copy(to, size);
        unread_.remove_prefix(count);
        return static_cast<ssize_t>(count);
    }
    ssize_t write(const char* from, std::size_t size) override {
        written_.append(from, size);
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip = remote_;
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    socket_t socket() const override { return INVALID_SOCKET; }
    std::string take_written() { return std::move(written_); }

  private:
    // A dummy head for cpp-httplib's parser, which refuses methods it does not know and a second `?`, decodes
    // `%` in header values, answers Range with parts and Accept-Encoding with compression. The real request
    // replaces it right after parsing.
    std::string_view unread_ = "GET / HTTP/1.1\r\n\r\n";
    std::string remote_;
    std::string written_;
};

std::string numeric_peer(int fd) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    std::array<char, NI_MAXHOST> host{};
    auto* const address = reinterpret_cast<sockaddr*>(&peer);
    const bool known =
        ::getpeername(fd, address, &size) == 0 &&
        ::getnameinfo(address, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) == 0;
    return known ? host.data() : "";
}

int port_of(int fd) {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    return name.ss_family == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port)
                                      : ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
}

/// Parts of the answer that this thread is making: cpp-httplib passes no value from its handlers to the
/// caller of process_request().
struct PresentAnswer {
    Engine::Following following;
    bool has_ranges = false;     ///< the handler set Accept-Ranges
    BodyReader* body = nullptr;  ///< of a streamed request
};
thread_local PresentAnswer present;

/// Removes headers that cpp-httplib adds for features that are not used here.
void tidy_headers(const httplib::Request& /*request*/, httplib::Response& response) {
    const auto& [feed, length] = present.following;
    if (present.body != nullptr && !present.body->finished()) {
        response.headers.erase("Connection");
        response.set_header("Connection", "close");
    }
    if (feed != nullptr || length) {
        response.headers.erase("Content-Length");
    }
    if (length) {
        response.set_header("Content-Length", std::to_string(*length));
    }
    if (feed != nullptr) {
        response.headers.erase("Connection");
        const bool upgraded = response.status == 101;
        response.set_header("Connection", upgraded ? "Upgrade" : "close");
        if (upgraded) {
            response.headers.erase("Content-Type");
        }
    }
    response.headers.erase("Keep-Alive");
    if (!present.has_ranges) {
        response.headers.erase("Accept-Ranges");
    }
    if (response.status == 204 || response.status == 304) {
        response.headers.erase("Content-Length");
        response.headers.erase("Content-Type");
    }
    if (!response.has_header("Connection")) {
        response.set_header("Connection", "keep-alive");
    }
}

}  // namespace

Engine::Engine(EngineConfig config, const Clock& clock, Serve serve, IsLarge is_large, Watcher::Refuse refuse)
    : config_(std::move(config)),
      clock_(clock),
      is_large_(std::move(is_large)),
      workers_(config_.workers, config_.most_workers, config_.most_large),
      watcher_(
          config_, clock,
          [this](ConnectionPtr connection, RawRequest request) {
              enqueue(std::move(connection), std::move(request));
          },
          std::move(refuse)) {
    new_task_queue = [] { return new AtOnce; };  // owned by the caller, by cpp-httplib's contract
    set_tcp_nodelay(true);
    // The default is SO_REUSEPORT, by which a second process would silently share the port.
    set_socket_options([](socket_t socket) {
        const int on = 1;
        ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    });
    set_pre_routing_handler(
        [serve = std::move(serve)](const httplib::Request& request, httplib::Response& response) {
            present.following = serve(request, response, present.body);
            present.has_ranges = response.has_header("Accept-Ranges");
            return HandlerResponse::Handled;
        });
    // The default sends the exception's text to the client.
    set_exception_handler([](const httplib::Request&, httplib::Response& response,
                             const std::exception_ptr&) { response.status = 500; });
    set_post_routing_handler(tidy_headers);
}

Engine::~Engine() {
    stop();
}

void Engine::bind() {
    bool bound = false;
    if (config_.port == 0) {
        bound = bind_to_any_port(config_.bind_address) > 0;
    } else {
        bound = bind_to_port(config_.bind_address, config_.port);
    }
    // cpp-httplib's own backlog of 5 loses connections in a burst.
    if (!bound || ::listen(svr_sock_, kBacklog) != 0) {
        throw std::runtime_error("cannot listen on " + config_.bind_address + ":" +
                                 std::to_string(config_.port) +
                                 ": the port is in use, or the address is not one of this machine");
    }
    config_.port = port_of(svr_sock_);
}

int Engine::start() {
    bind();
    listening_ = true;
    listener_ = std::thread([this] { listen_until_stopped(); });
    return config_.port;
}

void Engine::listen_until_stopped() {
    bool bound = true;
    while (!stopping_) {
        listen_after_bind();
        bound = false;
        // The call also returns when accept() fails, for example for lack of memory; the server must
        // continue.
        while (!bound && !stopping_) {
            try {
                bind();
                bound = true;
            } catch (const std::runtime_error&) {
                std::unique_lock lock(mutex_);
                changed_.wait_for(lock, milliseconds(100), [this] { return stopping_.load(); });
            }
        }
    }
    if (bound) {
        ::close(svr_sock_.exchange(
            INVALID_SOCKET));  // listen_after_bind() closes only a socket that it has started on
    }
    const std::lock_guard lock(mutex_);
    listening_ = false;
    changed_.notify_all();
}

void Engine::stop() {
    stopping_ = true;
    if (listener_.joinable()) {
        {
            std::unique_lock lock(mutex_);
            changed_.notify_all();
            while (listening_) {
                // No effect if listen_after_bind() has not started yet: repeated.
                if (svr_sock_ != INVALID_SOCKET) {
                    httplib::Server::stop();
                }
                changed_.wait_for(lock, milliseconds(10), [this] { return !listening_; });
            }
        }
        listener_.join();
    }
    workers_.shutdown();
    watcher_.stop();
}

bool Engine::process_and_close_socket(socket_t socket) {
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    ::fcntl(socket, F_SETFL, O_NONBLOCK);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof(kSendBuffer));
    try {
        watcher_.add(socket, numeric_peer(socket));
    } catch (const std::bad_alloc&) {
        ::close(socket);
    }
    return true;
}

void Engine::enqueue(ConnectionPtr connection, RawRequest request, bool large) {
    // A pointer, since std::function copies its captures.
    workers_.enqueue(
        [this, connection = std::move(connection), large,
         request = std::make_shared<RawRequest>(std::move(request))] {
            try {
                serve(connection, std::move(*request), large);
            } catch (const std::exception&) {
                watcher_.drop(connection);
            }
        },
        large ? WorkerPool::Lane::kLarge : WorkerPool::Lane::kSmall);
}

void Engine::serve(const ConnectionPtr& connection, RawRequest request, bool large) {
    for (int answered = 1;; ++answered) {
        if (!large && is_large_(request)) {
            return enqueue(connection, std::move(request), true);
        }
        const bool keep_alive = request.head.keep_alive && !stopping_;
        std::optional<BodyReader> body;
        if (request.streamed) {
            body.emplace(connection->fd, request.head, config_.streams, clock_, stopping_);
        }
        auto answer = exchange(std::move(request), connection->remote, keep_alive, body ? &*body : nullptr);
        if (answer.bytes.empty()) {
            return watcher_.drop(connection);
        }
        const bool unread = body && !body->finished();
        auto next = watcher_.answer(
            connection, {std::move(answer.bytes), keep_alive && !unread, std::move(answer.feed), unread});
        if (!next) {
            return;
        }
        request = *std::move(next);
        if (large || answered == kPipelined) {
            return enqueue(connection, std::move(request));
        }
    }
}

Engine::Exchanged Engine::exchange(RawRequest request, const std::string& remote, bool keep_alive,
                                   BodyReader* body) {
    MemoryStream stream(remote);
    bool closed = false;
    present = {};
    present.body = body;
    const bool done = process_request(stream, !keep_alive, closed, [&request](httplib::Request& out) {
        out.method = std::move(request.head.method);
        out.target = std::move(request.head.target);
        out.body = std::move(request.body);
        out.headers.clear();
        for (auto& [name, value] : request.head.headers) {
            if (name != "expect") {
                out.headers.emplace(name == "accept-encoding" ? kAcceptEncoding
                                    : name == "range"         ? kRange
                                                              : name,
                                    std::move(value));
            }
        }
    });
    auto feed = std::exchange(present, {}).following.feed;
    if (!done && feed != nullptr) {
        feed->close();
    }
    return done ? Exchanged{stream.take_written(), std::move(feed)} : Exchanged{};
}

}  // namespace lamda::http
