// Socket operations of the watcher; none of them blocks.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

namespace lamda::http {

constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t kNoInput = EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t kSendEvents = EPOLLOUT | EPOLLRDHUP | EPOLLET;

/// True if the socket accepted all bytes.
inline bool send_at_once(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(bytes.size());
}

/// Takes bytes that were peeked before.
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
