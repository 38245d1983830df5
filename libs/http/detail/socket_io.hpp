// What the watcher does with its sockets: nothing of it waits.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

namespace lamda::http {

constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t kSendEvents = EPOLLOUT | EPOLLRDHUP | EPOLLET;

/// True when the socket took all of it.
inline bool send_at_once(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(bytes.size());
}

/// Bytes that were looked at are there to be taken.
inline bool take_from(int fd, char* scratch, std::size_t count) {
    while (count > 0) {
        const ssize_t got = ::recv(fd, scratch, count, MSG_DONTWAIT);
        if (got > 0) {
            count -= static_cast<std::size_t>(got);
        } else if (got == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace lamda::http
