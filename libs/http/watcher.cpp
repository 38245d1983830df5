#include "http/watcher.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace lamda::http {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kWakeId = 0;
constexpr auto kSweepEvery = milliseconds(100);
constexpr auto kLinger = milliseconds(1'000);
constexpr std::uint32_t kEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;
/// More than a head may have, so that one that is too long is seen to be.
constexpr std::size_t kLook = RequestReader::kMostHead + 4096;

bool send_at_once(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(bytes.size());
}

/// Bytes that were looked at are there to be taken.
bool take_from(int fd, char* scratch, std::size_t count) {
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

}  // namespace

Connection::~Connection() {
    ::close(fd);
}

Watcher::Watcher(const EngineConfig& config, Ready ready, Refuse refuse)
    : config_(config), ready_(std::move(ready)), refuse_(std::move(refuse)) {
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event wake{};
    wake.events = EPOLLIN;
    wake.data.u64 = kWakeId;
    if (epoll_fd_ < 0 || wake_fd_ < 0 || ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &wake) != 0) {
        throw std::runtime_error("epoll: " + std::generic_category().message(errno));
    }
    thread_ = std::thread([this] { watch(); });
}

Watcher::~Watcher() {
    stop();
    ::close(epoll_fd_);
    ::close(wake_fd_);
}

void Watcher::stop() {
    stopping_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof(one));
    if (thread_.joinable()) {
        thread_.join();
    }
    const std::lock_guard lock(mutex_);
    connections_.clear();
}

void Watcher::add(int fd, const std::string& remote) {
    ConnectionPtr connection;
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_ && connections_.size() < config_.most_connections) {
            connection = std::make_shared<Connection>(next_id_++, fd, remote, config_.max_body);
            connection->deadline = Clock::now() + config_.keep_alive;
            connections_.emplace(connection->id, connection);
        }
    }
    if (connection == nullptr) {
        send_at_once(fd, refuse_({503, "too_many_connections", "try again later"}, remote));
        ::close(fd);
        return;
    }
    epoll_event event{};
    event.events = kEvents;
    event.data.u64 = connection->id;
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
        drop(connection);
    }
}

std::optional<RawRequest> Watcher::resume(const ConnectionPtr& connection) {
    const std::lock_guard lock(connection->mutex);
    // What came meanwhile raised an event that was passed over: so it is looked for here.
    connection->stage = Connection::Stage::kWaiting;
    connection->in_request = false;
    return advance(*connection);
}

void Watcher::finish(const ConnectionPtr& connection) {
    const std::lock_guard lock(connection->mutex);
    close_gently(*connection);
}

void Watcher::drop(const ConnectionPtr& connection) {
    const std::lock_guard lock(connection->mutex);
    forget(*connection);
}

void Watcher::forget(Connection& connection) {
    connection.stage = Connection::Stage::kGone;
    const std::lock_guard lock(mutex_);
    connections_.erase(connection.id);
}

void Watcher::watch() {
    auto swept = Clock::now();
    std::array<epoll_event, 64> events{};
    while (!stopping_) {
        const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()),
                                       static_cast<int>(kSweepEvery.count()));
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 != kWakeId) {
                on_event(event.data.u64, event.events);
            }
        }
        if (Clock::now() - swept >= kSweepEvery) {
            sweep();
            swept = Clock::now();
        }
    }
}

void Watcher::on_event(std::uint64_t id, std::uint32_t events) {
    ConnectionPtr connection;
    {
        const std::lock_guard lock(mutex_);
        const auto at = connections_.find(id);
        if (at == connections_.end()) {
            return;
        }
        connection = at->second;
    }
    try {
        std::optional<RawRequest> request;
        {
            const std::lock_guard lock(connection->mutex);
            connection->ended = connection->ended || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
            if (connection->stage == Connection::Stage::kDraining) {
                discard(*connection);
            } else if (connection->stage == Connection::Stage::kWaiting) {
                request = advance(*connection);
            }
        }
        if (request) {
            ready_(connection, *std::move(request));
        }
    } catch (const std::exception&) {
        drop(connection);  // out of memory or threads: one client less, and the watch goes on
    }
}

void Watcher::sweep() {
    std::vector<ConnectionPtr> all;
    {
        const std::lock_guard lock(mutex_);
        all.reserve(connections_.size());
        for (const auto& [id, connection] : connections_) {
            all.push_back(connection);
        }
    }
    const auto now = Clock::now();
    for (const ConnectionPtr& connection : all) {
        const std::unique_lock lock(connection->mutex, std::try_to_lock);
        if (lock.owns_lock() && connection->stage != Connection::Stage::kServing &&
            connection->deadline <= now) {
            expire(*connection);
        }
    }
}

void Watcher::expire(Connection& connection) {
    if (connection.stage == Connection::Stage::kWaiting && connection.in_request) {
        refuse(connection,
               {408, "request_timeout", "the request did not arrive in time", connection.reader.asker()});
    } else {
        forget(connection);
    }
}

std::optional<RawRequest> Watcher::advance(Connection& connection) {
    using State = RequestReader::State;
    RequestReader& reader = connection.reader;
    std::array<char, kLook> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): 20 KiB for each look
    while (true) {
        const ssize_t seen = ::recv(connection.fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
        if (seen < 0 && errno == EINTR) {
            continue;
        }
        if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        }
        if (seen <= 0) {
            forget(connection);
            return std::nullopt;
        }
        const std::size_t used = reader.look({buffer.data(), static_cast<std::size_t>(seen)});
        if (!connection.in_request && reader.state() != State::kIdle) {
            connection.in_request = true;
            connection.request_began = Clock::now();
        }
        if (reader.state() == State::kRefused) {
            refuse(connection, reader.refusal());
            return std::nullopt;
        }
        if (!take_from(connection.fd, buffer.data(), used) || (used == 0 && connection.ended)) {
            forget(connection);
            return std::nullopt;
        }
        if (reader.state() == State::kComplete) {
            connection.stage = Connection::Stage::kServing;
            return reader.take();
        }
        if (used == 0) {
            break;  // half a head stays where it is
        }
    }
    if (reader.take_expectation() && !send_at_once(connection.fd, "HTTP/1.1 100 Continue\r\n\r\n")) {
        forget(connection);
    } else if (!connection.in_request) {
        connection.deadline = Clock::now() + config_.keep_alive;
    } else {
        connection.deadline = connection.request_began +
                              (reader.state() == State::kBody ? config_.body_timeout : config_.head_timeout);
    }
    return std::nullopt;
}

void Watcher::refuse(Connection& connection, const Refusal& refusal) {
    if (send_at_once(connection.fd, refuse_(refusal, connection.remote))) {
        close_gently(connection);
    } else {
        forget(connection);
    }
}

void Watcher::close_gently(Connection& connection) {
    // Closing with unread bytes sends a reset, which can overtake the answer: stop sending, read on for a
    // moment.
    ::shutdown(connection.fd, SHUT_WR);
    connection.stage = Connection::Stage::kDraining;
    connection.deadline = Clock::now() + kLinger;
    discard(connection);
}

void Watcher::discard(Connection& connection) {
    std::array<char, kLook> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (int i = 0; i < 64; ++i) {
        const ssize_t got = ::recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return forget(connection);
        }
        if (got < 0 && errno == EAGAIN) {
            return;
        }
    }
    // There is more; others get their turn first.
    epoll_event event{};
    event.events = kEvents;
    event.data.u64 = connection.id;
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd, &event);
}

}  // namespace lamda::http
