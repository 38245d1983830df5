// A small real HTTP/1.1 server on loopback. A test defines its answers byte by byte: whole, cut, late or
// malformed. For tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace lamda::net::testing {

class LoopbackServer {
  public:
    struct Request {
        std::string method;
        std::string target;
        std::string head;  ///< request line and headers
        std::string body;
    };
    struct Answer {
        std::string bytes;   ///< sent unchanged
        bool close = false;  ///< cuts the connection afterwards
        bool hang = false;   ///< sends nothing more until the server's destruction
        bool drip = false;   ///< sends a byte every 10 ms until the peer closes
    };
    using Handler = std::function<Answer(const Request&)>;

    /// A complete answer with a length.
    static Answer reply(const std::string& body, const std::string& status = "200 OK",
                        const std::string& headers = "") {
        return {"HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                headers + "\r\n" + body};
    }

    /// Listens on 127.0.0.1 and a free port, or on a unix socket.
    explicit LoopbackServer(Handler handler, const std::string& unix_path = "")
        : handler_(std::move(handler)) {
        if (unix_path.empty()) {
            listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            socklen_t size = sizeof(address);
            start(reinterpret_cast<sockaddr*>(&address), size);
            getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
            port_ = ntohs(address.sin_port);
        } else {
            listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            if (unix_path.size() >= sizeof(address.sun_path)) {
                throw std::invalid_argument("the path is too long for a unix socket");
            }
            unix_path.copy(address.sun_path, unix_path.size());
            start(reinterpret_cast<sockaddr*>(&address), sizeof(address));
        }
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~LoopbackServer() {
        stopping_ = true;
        shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        {
            const std::lock_guard lock(mutex_);
            for (const Connection& connection : open_) {
                shutdown(connection.fd, SHUT_RDWR);
            }
        }
        stopped_.notify_all();
        for (Connection& connection : open_) {
            connection.thread.join();
            close(connection.fd);
        }
        close(listener_);
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;

    std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    int connections() const { return connections_; }
    int requests() const { return requests_; }

  private:
    struct Connection {
        int fd;
        std::thread thread;
    };

    void start(const sockaddr* address, socklen_t size) {
        if (listener_ < 0 || bind(listener_, address, size) != 0 || listen(listener_, 128) != 0) {
            throw std::runtime_error("the loopback server cannot listen");
        }
    }

    void accept_all() {
        while (!stopping_) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) {
                continue;
            }
            ++connections_;
            const std::lock_guard lock(mutex_);
            open_.push_back({fd, {}});
            open_.back().thread = std::thread([this, fd] { serve(fd); });
        }
    }

    static bool send_all(int fd, const std::string& bytes) {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const auto n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            sent += static_cast<std::size_t>(n);
        }
        return true;
    }

    static std::size_t content_length(const std::string& head) {
        const auto at = head.find("Content-Length: ");
        return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    }

    static bool read_request(int fd, std::string& buffer, Request& out) {
        std::size_t end = 0;
        while ((end = buffer.find("\r\n\r\n")) == std::string::npos ||
               buffer.size() < end + 4 + content_length(buffer.substr(0, end))) {
            char piece[65536];
            const auto n = recv(fd, piece, sizeof(piece), 0);
            if (n <= 0) {
                return false;
            }
            buffer.append(piece, static_cast<std::size_t>(n));
            if (buffer[0] < 'A' || buffer[0] > 'Z') {  // TLS, say
                return false;
            }
        }
        out.head = buffer.substr(0, end);
        const std::size_t size = content_length(out.head);
        out.body = buffer.substr(end + 4, size);
        buffer.erase(0, end + 4 + size);
        const auto space = out.head.find(' ');
        out.method = out.head.substr(0, space);
        out.target = out.head.substr(space + 1, out.head.find(' ', space + 1) - space - 1);
        return true;
    }

    void serve(int fd) {
        std::string buffer;
        Request request;
        while (!stopping_ && read_request(fd, buffer, request)) {
            ++requests_;
            const Answer answer = handler_(request);
            if (!send_all(fd, answer.bytes)) {
                break;
            }
            std::unique_lock lock(mutex_);
            if (answer.hang) {
                stopped_.wait(lock, [this] { return stopping_.load(); });
            }
            while (answer.drip && !stopped_.wait_for(lock, std::chrono::milliseconds(10),
                                                     [this] { return stopping_.load(); })) {
                if (!send_all(fd, "x")) {
                    break;
                }
            }
            if (answer.close) {
                break;
            }
        }
        shutdown(fd, SHUT_RDWR);
    }

    Handler handler_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> connections_ = 0;
    std::atomic<int> requests_ = 0;
    std::mutex mutex_;
    std::condition_variable stopped_;
    std::list<Connection> open_;
    std::thread acceptor_;
};

}  // namespace lamda::net::testing
