#include "http/reactor.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace lamda::http {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kWakeId = 0;
constexpr auto kSweepEvery = milliseconds(100);
constexpr auto kSpareWorkerLives = milliseconds(10'000);
constexpr auto kLinger = milliseconds(1'000);
/// Requests that one connection may have answered in a row before others get their turn.
constexpr int kPipelined = 16;

int listen_on(const std::string& address, int port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string where = address + ":" + std::to_string(port);
    if (const int status = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
        status != 0) {
        throw std::runtime_error("cannot listen on " + where + ": " + ::gai_strerror(status));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    int error = 0;
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
        const int fd = ::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
        const int on = 1;
        if (fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            ::bind(fd, at->ai_addr, at->ai_addrlen) == 0 && ::listen(fd, 512) == 0) {
            return fd;
        }
        error = errno;
        if (fd >= 0) {
            ::close(fd);
        }
    }
    throw std::runtime_error("cannot listen on " + where + ": " + std::generic_category().message(error));
}

int port_of(int fd) {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    return name.ss_family == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port)
                                      : ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
}

std::string text_of(const sockaddr_storage& peer, socklen_t size) {
    std::array<char, NI_MAXHOST> host{};
    const int status = ::getnameinfo(reinterpret_cast<const sockaddr*>(&peer), size, host.data(), host.size(),
                                     nullptr, 0, NI_NUMERICHOST);
    return status == 0 ? host.data() : "";
}

}  // namespace

struct Reactor::Connection {
    Connection(std::uint64_t number, int socket, std::string peer, std::size_t max_body)
        : id(number), fd(socket), remote(std::move(peer)), reader(max_body) {}
    ~Connection() { ::close(fd); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    const std::uint64_t id;
    const int fd;
    const std::string remote;
    // The next three: under mutex_.
    bool waiting = false;  ///< in epoll, held by no worker
    bool expired = false;
    Clock::time_point deadline;
    // The rest: of the worker that holds it.
    RequestReader reader;
    std::string input;
    Clock::time_point request_began;
    bool in_request = false;
    bool draining = false;
};

Reactor::Reactor(ReactorConfig config, Serve serve, Refuse refuse)
    : config_(std::move(config)), serve_(std::move(serve)), refuse_(std::move(refuse)) {}

Reactor::~Reactor() {
    stop();
}

int Reactor::start() {
    listen_fd_ = listen_on(config_.bind_address, config_.port);
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event wake{};
    wake.events = EPOLLIN;  // level-triggered and never read: once written, it wakes every worker
    wake.data.u64 = kWakeId;
    if (epoll_fd_ < 0 || wake_fd_ < 0 || ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &wake) != 0) {
        throw std::runtime_error("epoll: " + std::generic_category().message(errno));
    }
    const int port = port_of(listen_fd_);
    for (std::size_t i = 0; i < config_.workers; ++i) {
        start_worker(true);
    }
    acceptor_ = std::thread([this] { accept_loop(); });
    return port;
}

void Reactor::stop() {
    if (listen_fd_ < 0 || stopping_.exchange(true)) {
        return;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof(one));
    if (acceptor_.joinable()) {
        acceptor_.join();
    }
    {
        std::unique_lock lock(workers_mutex_);
        workers_gone_.wait(lock, [this] { return workers_ == 0; });
    }
    {
        const std::lock_guard lock(mutex_);
        connections_.clear();
    }
    for (const int fd : {listen_fd_, epoll_fd_, wake_fd_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
    listen_fd_ = -1;
}

std::size_t Reactor::connections() const {
    const std::lock_guard lock(mutex_);
    return connections_.size();
}

void Reactor::accept_loop() {
    auto swept = Clock::now();
    while (!stopping_) {
        std::array<pollfd, 2> fds{{{listen_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), static_cast<int>(kSweepEvery.count()));
        // A failed accept (a client that is gone already, no descriptors left) is no reason to stop
        // accepting.
        for (int i = 0; i < 64 && (fds[0].revents & POLLIN) != 0; ++i) {
            sockaddr_storage peer{};
            socklen_t size = sizeof(peer);
            const int fd = ::accept4(listen_fd_, reinterpret_cast<sockaddr*>(&peer), &size,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                if (errno == EMFILE || errno == ENFILE) {
                    std::this_thread::sleep_for(milliseconds(10));
                }
                break;
            }
            accept_one(fd, text_of(peer, size));
        }
        if (Clock::now() - swept >= kSweepEvery) {
            sweep();
            swept = Clock::now();
        }
    }
}

void Reactor::accept_one(int fd, const std::string& remote) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ConnectionPtr connection;
    {
        const std::lock_guard lock(mutex_);
        if (connections_.size() < config_.most_connections) {
            connection = std::make_shared<Connection>(next_id_++, fd, remote, config_.max_body);
            connection->waiting = true;
            connection->deadline = Clock::now() + config_.keep_alive;
            connections_.emplace(connection->id, connection);
        }
    }
    if (connection == nullptr) {
        const std::string busy = refuse_({503, "too_many_connections", "try again later"}, remote);
        [[maybe_unused]] const auto sent = ::send(fd, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(fd);
        return;
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
    event.data.u64 = connection->id;
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
        drop(connection);
    }
}

void Reactor::sweep() {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    for (const auto& [id, connection] : connections_) {
        if (connection->waiting && !connection->expired && connection->deadline <= now) {
            connection->expired = true;
            epoll_event event{};
            event.events = EPOLLIN | EPOLLOUT | EPOLLONESHOT;  // fires at once: a worker ends it
            event.data.u64 = id;
            ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection->fd, &event);
        }
    }
}

void Reactor::start_worker(bool permanent) {
    ++workers_;
    try {
        std::thread([this, permanent] {
            worker_loop(permanent);
            const std::lock_guard lock(workers_mutex_);
            --workers_;
            workers_gone_.notify_all();
        }).detach();
    } catch (const std::system_error&) {
        --workers_;  // no more threads to be had: those that run go on
    }
}

void Reactor::worker_loop(bool permanent) {
    while (!stopping_) {
        epoll_event event{};
        const int timeout = permanent ? -1 : static_cast<int>(kSpareWorkerLives.count());
        const int count = ::epoll_wait(epoll_fd_, &event, 1, timeout);
        if (count == 0) {
            return;
        }
        if (count < 0 || event.data.u64 == kWakeId) {
            continue;
        }
        const ConnectionPtr connection = take(event.data.u64);
        if (connection == nullptr) {
            continue;
        }
        // Somebody must be left to wait for the next event.
        if (++busy_ >= workers_ && workers_ < config_.most_workers && !stopping_) {
            start_worker(false);
        }
        serve(connection);
        --busy_;
    }
}

Reactor::ConnectionPtr Reactor::take(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto at = connections_.find(id);
    if (at == connections_.end() || !at->second->waiting) {
        return nullptr;
    }
    at->second->waiting = false;
    return at->second;
}

void Reactor::wait_for_more(const ConnectionPtr& connection, bool at_once) {
    const auto state = connection->reader.state();
    auto deadline = Clock::now() + config_.keep_alive;
    if (connection->draining) {
        deadline = connection->request_began + kLinger;
    } else if (state == RequestReader::State::kBody) {
        deadline = connection->request_began + config_.body_timeout;
    } else if (connection->in_request) {
        deadline = connection->request_began + config_.head_timeout;
    }
    const std::lock_guard lock(mutex_);
    connection->deadline = deadline;
    connection->waiting = true;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
    if (at_once) {
        event.events |= EPOLLOUT;
    }
    event.data.u64 = connection->id;
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection->fd, &event);
}

void Reactor::drop(const ConnectionPtr& connection) {
    const std::lock_guard lock(mutex_);
    connections_.erase(connection->id);
}

bool Reactor::write_all(int fd, std::string_view bytes) {
    const auto deadline = Clock::now() + config_.write_timeout;
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        // In short steps, so that a slow reader cannot hold up the end of the process.
        if (Clock::now() >= deadline || stopping_) {
            return false;
        }
        pollfd writable{fd, POLLOUT, 0};
        ::poll(&writable, 1, 250);
    }
    return true;
}

void Reactor::close_gently(const ConnectionPtr& connection) {
    // Closing with unread bytes sends a reset, which can overtake the answer: stop sending, read on for a
    // moment.
    ::shutdown(connection->fd, SHUT_WR);
    connection->draining = true;
    connection->expired = false;
    connection->input.clear();
    connection->request_began = Clock::now();
    discard(connection);
}

void Reactor::discard(const ConnectionPtr& connection) {
    std::array<char, 16'384> buffer;
    for (int i = 0; i < 64; ++i) {
        const ssize_t got = ::recv(connection->fd, buffer.data(), buffer.size(), 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) || connection->expired) {
            return drop(connection);
        }
        if (got < 0) {
            break;
        }
    }
    wait_for_more(connection);
}

bool Reactor::answer(const ConnectionPtr& connection) {
    RequestReader& reader = connection->reader;
    if (reader.state() == RequestReader::State::kRefused) {
        if (write_all(connection->fd, refuse_(reader.refusal(), connection->remote))) {
            close_gently(connection);
        } else {
            drop(connection);
        }
        return false;
    }
    RawRequest request = reader.take();
    bool keep_alive = request.keep_alive && !stopping_;
    const std::string bytes = serve_(std::move(request), connection->remote, keep_alive);
    connection->in_request = false;
    if (!write_all(connection->fd, bytes)) {
        drop(connection);
        return false;
    }
    if (!keep_alive) {
        close_gently(connection);
        return false;
    }
    return true;
}

void Reactor::serve(const ConnectionPtr& connection) {
    if (connection->draining) {
        return discard(connection);
    }
    std::array<char, 16'384> buffer;
    for (int answered = 0;;) {
        RequestReader& reader = connection->reader;
        const auto state = reader.feed(connection->input);
        if (!connection->in_request && (state != RequestReader::State::kIdle)) {
            connection->in_request = true;
            connection->request_began = Clock::now();
        }
        if (state == RequestReader::State::kComplete || state == RequestReader::State::kRefused) {
            if (!answer(connection)) {
                return;
            }
            if (++answered == kPipelined) {
                return wait_for_more(connection, true);
            }
            continue;
        }
        if (reader.take_expectation() && !write_all(connection->fd, "HTTP/1.1 100 Continue\r\n\r\n")) {
            return drop(connection);
        }
        if (connection->expired) {
            if (connection->in_request) {
                write_all(connection->fd,
                          refuse_({408, "request_timeout", "the request did not arrive in time"},
                                  connection->remote));
                return close_gently(connection);
            }
            return drop(connection);
        }
        const ssize_t got = ::recv(connection->fd, buffer.data(), buffer.size(), 0);
        if (got > 0) {
            connection->input.append(buffer.data(), static_cast<std::size_t>(got));
        } else if (got == 0) {
            return drop(connection);
        } else if (errno == EAGAIN) {
            return wait_for_more(connection);
        } else if (errno != EINTR) {
            return drop(connection);
        }
    }
}

}  // namespace lamda::http
