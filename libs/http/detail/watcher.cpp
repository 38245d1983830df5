#include "http/detail/watcher.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "http/client_address.hpp"
#include "http/detail/socket_io.hpp"

namespace lamda::http {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kWakeId = 0;
constexpr auto kSweepEvery = milliseconds(100);
/// Time for unsent answers when the server stops.
constexpr auto kLastSend = milliseconds(1'000);

SlotLimits limits_of(const EngineConfig& config) {
    return {config.most_connections, config.most_of_address, config.most_held};
}

/// A proxy has the connections of many clients: it is not limited by address.
std::string unit_of(const std::string& remote, const AddressRanges& proxies) {
    return proxies.contain(remote) ? "" : address_unit(remote);
}

}  // namespace

Connection::~Connection() {
    if (feed != nullptr) {
        feed->close();
    }
    ::close(fd);
}

Watcher::Watcher(const EngineConfig& config, const Clock& clock, Ready ready, Refuse refuse)
    : config_(config),
      clock_(clock),
      ready_(std::move(ready)),
      refuse_(std::move(refuse)),
      slots_(limits_of(config)) {
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wake{};
    wake.events = EPOLLIN;
    wake.data.u64 = kWakeId;
    if (epoll_fd_ < 0 || written_->event_fd() < 0 ||
        ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, written_->event_fd(), &wake) != 0) {
        throw std::runtime_error("epoll: " + std::generic_category().message(errno));
    }
    thread_ = std::thread([this] { watch(); });
}

Watcher::~Watcher() {
    stop();
    ::close(epoll_fd_);
}

void Watcher::stop() {
    {
        std::unique_lock lock(mutex_);
        if (!stopping_) {
            sent_.wait_for(lock, kLastSend, [this] { return sending_ == 0; });
        }
    }
    stopping_ = true;
    written_->wake();
    if (thread_.joinable()) {
        thread_.join();
    }
    const std::lock_guard lock(mutex_);
    connections_.clear();
}

void Watcher::add(int fd, const std::string& remote) {
    const std::string unit = unit_of(remote, config_.trusted_proxies);
    ConnectionPtr victim;
    ConnectionPtr connection;
    {
        const std::lock_guard lock(mutex_);
        if (slots_.full_for(unit)) {
            if (const auto id = slots_.to_evict(unit)) {
                victim = take_out(*id);
            }
        }
        if (!stopping_ && !slots_.full_for(unit)) {
            connection = std::make_shared<Connection>(next_id_++, fd, remote, config_);
            connection->deadline = clock_.steady() + config_.head_timeout;
            connections_.emplace(connection->id, connection);
            slots_.add(connection->id, unit);
        }
    }
    if (victim != nullptr) {
        evict(victim);
    }
    if (connection == nullptr) {
        send_at_once(fd, refuse_({503, "too_many_connections", "try again later"}, remote));
        ::close(fd);
        return;
    }
    epoll_event event{};
    {
        const std::lock_guard lock(connection->mutex);
        connection->events = kReadEvents;
    }
    event.events = kReadEvents;
    event.data.u64 = connection->id;
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
        drop(connection);
    }
}

void Watcher::drop(const ConnectionPtr& connection) {
    const std::lock_guard lock(connection->mutex);
    forget(*connection);
}

ConnectionPtr Watcher::take_out(std::uint64_t id) {
    const auto at = connections_.find(id);
    ConnectionPtr out = at == connections_.end() ? nullptr : at->second;
    connections_.erase(id);
    slots_.remove(id);
    return out;
}

void Watcher::evict(const ConnectionPtr& connection) {
    const std::lock_guard lock(connection->mutex);
    if (connection->stage == Connection::Stage::kWaiting && connection->in_request) {
        send_at_once(connection->fd,
                     refuse_({503, "too_many_connections", "try again later", connection->reader.requester()},
                             connection->remote));
    }
    // If a worker is serving it, the worker sends its answer and closes the connection.
    connection->keep_alive = false;
    if (connection->stage != Connection::Stage::kServing) {
        forget(*connection);
    }
}

void Watcher::relieve() {
    while (true) {
        ConnectionPtr victim;
        {
            const std::lock_guard lock(mutex_);
            const auto id = slots_.holds_too_much() ? slots_.to_reclaim() : std::nullopt;
            if (!id) {
                return;
            }
            victim = take_out(*id);
        }
        if (victim != nullptr) {
            evict(victim);
        }
    }
}

void Watcher::hold(const Connection& connection, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    slots_.hold(connection.id, bytes);
}

void Watcher::forget(Connection& connection) {
    const bool was_sending = connection.stage == Connection::Stage::kSending;
    connection.stage = Connection::Stage::kGone;
    connection.unsent_share = {};
    connection.unsent = {};
    if (connection.feed != nullptr) {
        connection.feed->close();
    }
    const std::lock_guard lock(mutex_);
    connections_.erase(connection.id);
    slots_.remove(connection.id);
    sending_ -= was_sending ? 1 : 0;
    sent_.notify_all();
}

void Watcher::watch() {
    auto swept = clock_.steady();
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
        send_written();
        if (clock_.steady() - swept >= kSweepEvery) {
            sweep();
            swept = clock_.steady();
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
            request = on_ready(*connection);
        }
        if (request) {
            ready_(connection, *std::move(request));
        }
        relieve();
    } catch (const std::exception&) {
        drop(connection);  // out of memory or threads: drops this client and continues
    }
}

void Watcher::send_written() {
    const auto written = written_->take();
    for (const auto id : written) {
        ConnectionPtr connection;
        {
            const std::lock_guard lock(mutex_);
            const auto at = connections_.find(id);
            if (at == connections_.end()) {
                continue;
            }
            connection = at->second;
        }
        try {
            const std::lock_guard lock(connection->mutex);
            if (connection->stage == Connection::Stage::kFeeding) {
                pull_feed(*connection);
            }
        } catch (const std::exception&) {
            drop(connection);  // out of memory: drops this client and continues
        }
    }
    if (!written.empty()) {
        relieve();
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
    const auto now = clock_.steady();
    for (const ConnectionPtr& connection : all) {
        const std::unique_lock lock(connection->mutex, std::try_to_lock);
        if (!lock.owns_lock()) {
            continue;
        }
        const bool timed = connection->stage != Connection::Stage::kServing &&
                           connection->stage != Connection::Stage::kFeeding;
        if (timed && connection->deadline <= now) {
            expire(*connection);
        }
    }
    relieve();
}

}  // namespace lamda::http
