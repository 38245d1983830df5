// An HTTP/1.1 server for tests, with answers from a handler of the test, on a free port of 127.0.0.1.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace lamda::ipfs {

class AnsweringServer {
  public:
    struct Request {
        std::string head;  ///< request line and headers
        std::string body;
        bool has(const std::string& text) const { return head.find(text) != std::string::npos; }
    };
    struct Answer {
        int status = 200;
        std::string body;
        std::string location = {};  ///< of a redirect
        std::size_t sent =
            std::string::npos;  ///< bytes of the body that are sent before the connection is cut
    };
    using Handler = std::function<Answer(const Request&)>;

    explicit AnsweringServer(Handler handler) : handler_(std::move(handler)) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (::bind(fd_, any, size) != 0 || ::listen(fd_, 16) != 0 || ::getsockname(fd_, any, &size) != 0) {
            throw std::runtime_error("no port for the test's server");
        }
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread([this] { serve(); });
    }
    ~AnsweringServer() {
        stop_ = true;
        thread_.join();
        ::close(fd_);
    }
    AnsweringServer(const AnsweringServer&) = delete;
    AnsweringServer& operator=(const AnsweringServer&) = delete;

    const std::string& url() const { return url_; }
    int requests() const { return requests_; }

  private:
    void serve() {
        while (!stop_) {
            pollfd waiting{fd_, POLLIN, 0};
            if (::poll(&waiting, 1, 20) == 1) {
                const int connection = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
                if (connection >= 0) {
                    answer(connection);
                    ::close(connection);
                }
            }
        }
    }

    static bool read_more(int connection, std::string& text) {
        char buffer[65536];
        const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
        text.append(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
        return got > 0;
    }

    void answer(int connection) {
        std::string text;
        std::size_t head = std::string::npos;
        while ((head = text.find("\r\n\r\n")) == std::string::npos) {
            if (!read_more(connection, text)) {
                return;
            }
        }
        Request request{text.substr(0, head), text.substr(head + 4)};
        std::size_t length = 0;
        if (const auto at = request.head.find("Content-Length: "); at != std::string::npos) {
            length = std::stoul(request.head.substr(at + 16));
        }
        if (request.has("Expect: 100-continue")) {
            const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            ::send(connection, go_on.data(), go_on.size(), MSG_NOSIGNAL);
        }
        while (request.body.size() < length && read_more(connection, request.body)) {
        }
        ++requests_;
        const Answer answer = handler_(request);
        const std::string all = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\nConnection: close\r\n" +
                                (answer.location.empty() ? "" : "Location: " + answer.location + "\r\n") +
                                "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" +
                                answer.body.substr(0, answer.sent);
        std::size_t sent = 0;
        while (sent < all.size()) {
            const ssize_t now = ::send(connection, all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
            if (now <= 0) {
                return;
            }
            sent += static_cast<std::size_t>(now);
        }
    }

    Handler handler_;
    int fd_ = -1;
    std::string url_;
    std::atomic<bool> stop_ = false;
    std::atomic<int> requests_ = 0;
    std::thread thread_;
};

}  // namespace lamda::ipfs
