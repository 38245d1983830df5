#include "rpc_recorder.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <string_view>

namespace lamda::bench {

namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

/// Forwards available bytes; false: one side has closed.
bool pass(int from, int to, std::string* copy, std::mutex& mutex) {
    std::array<char, 65'536> buffer;
    const ssize_t size = recv(from, buffer.data(), buffer.size(), 0);
    if (size <= 0) {
        return false;
    }
    if (copy != nullptr) {
        const std::lock_guard lock(mutex);
        copy->append(buffer.data(), static_cast<std::size_t>(size));
    }
    for (ssize_t sent = 0; sent < size;) {
        const ssize_t more =
            send(to, buffer.data() + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
        if (more <= 0) {
            return false;
        }
        sent += more;
    }
    return true;
}

/// Bodies of the complete requests in the bytes of one connection.
void take_bodies(std::string_view bytes, std::vector<std::string>& out) {
    constexpr std::string_view kLength = "content-length:";
    for (;;) {
        const auto end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            return;
        }
        std::string head(bytes.substr(0, end));
        std::transform(head.begin(), head.end(), head.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const auto at = head.find(kLength);
        const std::size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + kLength.size()));
        bytes.remove_prefix(end + 4);
        if (bytes.size() < length) {
            return;
        }
        out.emplace_back(bytes.substr(0, length));
        bytes.remove_prefix(length);
    }
}

}  // namespace

RpcRecorder::RpcRecorder(int port)
    : node_port_(port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("the recorder cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

RpcRecorder::~RpcRecorder() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& connection : connections_) {
        shutdown(connection.client, SHUT_RDWR);
        shutdown(connection.node, SHUT_RDWR);
        connection.thread.join();
        close(connection.client);
        close(connection.node);
    }
    close(listener_);
}

std::string RpcRecorder::url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

void RpcRecorder::accept_all() {
    for (;;) {
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) {
            return;
        }
        const int node = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto address = loopback(node_port_);
        if (connect(node, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
            close(node);
            close(client);
            continue;
        }
        const int at_once = 1;
        setsockopt(node, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
        const std::lock_guard lock(mutex_);
        auto& connection = connections_.emplace_back(Connection{client, node, {}, {}});
        connection.thread = std::thread([this, &connection] { pump(connection); });
    }
}

void RpcRecorder::pump(Connection& connection) {
    std::array<pollfd, 2> both{{{connection.client, POLLIN, 0}, {connection.node, POLLIN, 0}}};
    bool open = true;
    while (open && poll(both.data(), both.size(), -1) >= 0) {
        if (both[0].revents != 0) {
            open = pass(connection.client, connection.node, &connection.asked, mutex_);
        }
        if (open && both[1].revents != 0) {
            open = pass(connection.node, connection.client, nullptr, mutex_);
        }
    }
    shutdown(connection.client, SHUT_RDWR);
    shutdown(connection.node, SHUT_RDWR);
}

RpcRecorder::Recording RpcRecorder::recording() const {
    Recording out;
    const std::lock_guard lock(mutex_);
    for (const auto& connection : connections_) {
        const auto before = out.bodies.size();
        take_bodies(connection.asked, out.bodies);
        out.connections += out.bodies.size() > before ? 1 : 0;
    }
    return out;
}

}  // namespace lamda::bench
