#include "hostile_crowd.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <vector>

namespace lamda::bench {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRepeat = std::chrono::seconds(3);
/// Delay before a refused client connects again.
constexpr auto kPause = std::chrono::milliseconds(50);

int open_socket(int port, const CrowdMember& member) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (member.receive_buffer > 0) {
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &member.receive_buffer, sizeof(member.receive_buffer));
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to));
    return fd;
}

}  // namespace

HostileCrowd::HostileCrowd(int port, std::size_t count, CrowdMember member)
    : thread_([this, port, count, member = std::move(member)] { run(port, count, member); }) {}

HostileCrowd::~HostileCrowd() {
    stopping_ = true;
    thread_.join();
}

void HostileCrowd::run(int port, std::size_t count, const CrowdMember& member) {
    struct One {
        bool greeted = false;
        Clock::time_point next;  ///< time of the next repetition or connection
    };
    std::vector<pollfd> sockets(count, pollfd{-1, 0, 0});
    std::vector<One> ones(count);
    while (!stopping_) {
        const auto now = Clock::now();
        for (std::size_t i = 0; i < count; ++i) {
            if (sockets[i].fd < 0 && ones[i].next <= now) {
                sockets[i] = {open_socket(port, member), POLLOUT, 0};
                ones[i] = {};
            } else if (sockets[i].fd >= 0 && ones[i].greeted && !member.repeats.empty() &&
                       ones[i].next <= now) {
                ::send(sockets[i].fd, member.repeats.data(), member.repeats.size(), MSG_NOSIGNAL);
                ones[i].next = now + kRepeat;
            }
        }
        ::poll(sockets.data(), sockets.size(), 10);
        for (std::size_t i = 0; i < count; ++i) {
            bool gone = (sockets[i].revents & (POLLERR | POLLHUP)) != 0;
            if ((sockets[i].revents & POLLOUT) != 0 && !gone) {
                const std::string& first = member.sends.empty() ? member.repeats : member.sends;
                ::send(sockets[i].fd, first.data(), first.size(), MSG_NOSIGNAL);
                ones[i] = {true, Clock::now() + kRepeat};
                sockets[i].events = member.reads ? POLLIN : 0;
            }
            if ((sockets[i].revents & POLLIN) != 0) {
                std::array<char, 4096> part;  // NOLINT(cppcoreguidelines-pro-type-member-init)
                gone = gone || ::recv(sockets[i].fd, part.data(), part.size(), 0) <= 0;
            }
            if (gone) {
                ::close(sockets[i].fd);
                sockets[i] = {-1, 0, 0};
                ones[i].next = Clock::now() + kPause;
            }
        }
    }
    for (const pollfd& socket : sockets) {
        if (socket.fd >= 0) {
            ::close(socket.fd);
        }
    }
}

}  // namespace lamda::bench
