// Raw HTTP client for tests: a socket that sends exactly the given bytes, and reads answers.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>

#include "testkit/patience.hpp"

namespace lamda::http {

struct RawAnswer {
    int status = 0;  ///< 0: the connection was closed
    std::string head;
    std::string body;
    bool has(const std::string& line) const { return head.find("\r\n" + line + "\r\n") != std::string::npos; }
};

class RawClient {
  public:
    explicit RawClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
            throw std::runtime_error("cannot connect");
        }
    }
    ~RawClient() { ::close(fd_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool send(const std::string& bytes) {
        for (std::size_t at = 0; at < bytes.size();) {
            const ssize_t sent = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            at += static_cast<std::size_t>(sent);
        }
        return true;
    }
    void finish_sending() { ::shutdown(fd_, SHUT_WR); }

    /// Returns one answer, or the bytes before the connection ended. @param head_only for the answer to HEAD
    RawAnswer receive(bool head_only = false) {
        while (buffer_.find("\r\n\r\n") == std::string::npos) {
            if (!more()) {
                return {0, buffer_, ""};
            }
        }
        RawAnswer out;
        const std::size_t end = buffer_.find("\r\n\r\n");
        out.head = buffer_.substr(0, end + 2);
        buffer_.erase(0, end + 4);
        out.status = std::stoi(out.head.substr(9, 3));
        const std::size_t length_at = out.head.find("Content-Length: ");
        const std::size_t length =
            length_at == std::string::npos || head_only ? 0 : std::stoul(out.head.substr(length_at + 16));
        while (buffer_.size() < length && more()) {
        }
        out.body = buffer_.substr(0, length);
        buffer_.erase(0, length);
        return out;
    }
    RawAnswer ask(const std::string& bytes) {
        send(bytes);
        return receive();
    }
    /// Returns the bytes up to `end`, which is included; without it the bytes before the connection ended.
    std::string read_until(const std::string& end) {
        while (buffer_.find(end) == std::string::npos && more()) {
        }
        const auto at = buffer_.find(end);
        const auto size = at == std::string::npos ? buffer_.size() : at + end.size();
        std::string out = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return out;
    }
    /// Returns the next bytes; fewer if the connection ends before.
    std::string read_bytes(std::size_t size) {
        while (buffer_.size() < size && more()) {
        }
        std::string out = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return out;
    }
    /// True if the server closes the connection within `timeout`, times `testkit::patience()` (bytes before
    /// that are dropped).
    bool closed_within(std::chrono::milliseconds timeout) {
        const auto until = std::chrono::steady_clock::now() + timeout * testkit::patience();
        while (std::chrono::steady_clock::now() < until) {
            pollfd readable{fd_, POLLIN, 0};
            if (::poll(&readable, 1, 20) > 0) {
                std::array<char, 4096> part{};
                if (::recv(fd_, part.data(), part.size(), 0) <= 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /// The answer to `bytes`, on a connection that is not too late for the server's deadline: a client that
    /// the machine delays between connect and send gets none.
    static RawAnswer ask_in_time(int port, const std::string& bytes) {
        RawAnswer out;
        for (int i = 0; i < 20 && out.status == 0; ++i) {
            RawClient client(port);
            out = client.ask(bytes);
        }
        return out;
    }

  private:
    bool more() {
        pollfd readable{fd_, POLLIN, 0};
        if (::poll(&readable, 1, 60'000 * testkit::patience()) <= 0) {
            throw std::runtime_error("no answer in time; so far: " + buffer_);
        }
        std::array<char, 65'536> part{};
        const ssize_t got = ::recv(fd_, part.data(), part.size(), 0);
        if (got <= 0) {
            return false;
        }
        buffer_.append(part.data(), static_cast<std::size_t>(got));
        return true;
    }
    int fd_;
    std::string buffer_;
};

}  // namespace lamda::http
