#include "testkit/server_process.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace lamda::testkit {

namespace {

/// A connected socket, or −1. Reads and writes time out after a minute.
int connect_to(int port, const std::string& unix_socket) {
    const int family = unix_socket.empty() ? AF_INET : AF_UNIX;
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval minute{60, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof(minute));
    int result = -1;
    if (family == AF_INET) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    } else {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (unix_socket.size() < sizeof(address.sun_path)) {
            std::memcpy(address.sun_path, unix_socket.c_str(), unix_socket.size() + 1);
            result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
        }
    }
    if (result != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool accepts(int port, const std::string& unix_socket) {
    const int fd = connect_to(port, unix_socket);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

}  // namespace

std::string tail_of(const std::string& path, std::size_t lines) {
    std::ifstream file(path);
    std::deque<std::string> last;
    for (std::string line; std::getline(file, line);) {
        last.push_back(line);
        if (last.size() > lines) {
            last.pop_front();
        }
    }
    std::string out;
    for (const auto& line : last) {
        out += "\n    " + line;
    }
    return out;
}

void wait_ready(const std::string& name, Process& process, const std::string& log,
                const std::function<bool()>& ready, Millis timeout) {
    bool ended = false;
    const bool is_ready = wait_until(
        [&] {
            ended = !process.running();
            return ended || ready();
        },
        timeout);
    if (ended) {
        throw std::runtime_error(name + " ended at once; " + log + " says:" + tail_of(log));
    }
    if (!is_ready) {
        throw std::runtime_error(name + " is not ready after " + std::to_string(timeout.count()) + " ms; " +
                                 log + " says:" + tail_of(log));
    }
}

bool accepts_connections(int port) {
    return accepts(port, "");
}
bool accepts_connections(const std::string& unix_socket) {
    return accepts(0, unix_socket);
}

PlainAnswer plain_http(const std::string& method, int port, const std::string& unix_socket,
                       const std::string& path, const std::string& content_type, const std::string& body) {
    const int fd = connect_to(port, unix_socket);
    if (fd < 0) {
        throw std::runtime_error("no connection to " +
                                 (unix_socket.empty() ? std::to_string(port) : unix_socket));
    }
    std::string request = method + " " + path +
                          " HTTP/1.0\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                          "\r\n";
    if (!content_type.empty()) {
        request += "Content-Type: " + content_type + "\r\n";
    }
    request += "\r\n" + body;
    for (std::size_t sent = 0; sent < request.size();) {
        const auto n = send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            break;  // the server may have answered before the end of the request
        }
        sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    std::vector<char> buffer(65'536);
    for (ssize_t n = 0; (n = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
        answer.append(buffer.data(), static_cast<std::size_t>(n));
    }
    close(fd);
    const auto head_end = answer.find("\r\n\r\n");
    if (!answer.starts_with("HTTP/1.") || answer.size() < 12 || head_end == std::string::npos) {
        throw std::runtime_error("no HTTP answer to " + method + " " + path);
    }
    return {std::stoi(answer.substr(9, 3)), answer.substr(head_end + 4)};
}

}  // namespace lamda::testkit
