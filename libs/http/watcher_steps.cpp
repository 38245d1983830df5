// Steps of a connection when its socket has input, or room to send.
#include <array>
#include <utility>

#include "http/detail/socket_io.hpp"
#include "http/detail/watcher.hpp"

namespace lamda::http {

namespace {

using std::chrono::milliseconds;

constexpr auto kLinger = milliseconds(1'000);
/// For a client that is sending a long body: until it has read the answer and stops.
constexpr auto kLongLinger = milliseconds(5'000);
/// More than the largest head, so that a longer one is detected.
constexpr std::size_t kLook = RequestReader::kMostHead + 4096;
/// Cost of a request in addition to its body.
constexpr std::size_t kRequestBytes = 4'096;

}  // namespace

std::optional<RawRequest> Watcher::on_ready(Connection& connection) {
    switch (connection.stage) {
        case Connection::Stage::kWaiting:
            return advance(connection);
        case Connection::Stage::kSending:
            return send_on(connection);
        case Connection::Stage::kFeeding:
        case Connection::Stage::kDraining:
            take_input(connection);
            return std::nullopt;
        case Connection::Stage::kServing:
        case Connection::Stage::kGone:
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<RawRequest> Watcher::answer(const ConnectionPtr& connection, Answer answer) {
    std::optional<RawRequest> next;
    {
        const std::lock_guard lock(connection->mutex);
        // If the connection was evicted while served (see evict()), this answer is its last.
        const bool known = [&] {
            const std::lock_guard all(mutex_);
            return connections_.contains(connection->id);
        }();
        connection->keep_alive = answer.keep_alive && known;
        connection->body_unread = answer.body_unread;
        if (config_.memory != nullptr) {
            connection->unsent_share = config_.memory->charge(answer.bytes.size());
        }
        connection->unsent = std::move(answer.bytes);
        connection->feed = std::move(answer.feed);
        if (connection->feed != nullptr) {
            connection->feed->on_written([written = written_, id = connection->id] { written->add(id); });
        }
        connection->sent = 0;
        connection->deadline = clock_.steady() + config_.write_timeout;
        connection->stage = Connection::Stage::kSending;
        {
            const std::lock_guard all(mutex_);
            ++sending_;
            slots_.hold(connection->id, connection->unsent.size());
            slots_.wait(connection->id);
        }
        next = send_on(*connection);
        if (connection->stage == Connection::Stage::kSending) {
            if (known) {
                watch_for(*connection, kSendEvents);
            } else {
                forget(*connection);
            }
        }
    }
    relieve();
    return next;
}

std::optional<RawRequest> Watcher::send_on(Connection& connection) {
    bool moved = false;
    while (connection.sent < connection.unsent.size()) {
        const ssize_t sent = ::send(connection.fd, connection.unsent.data() + connection.sent,
                                    connection.unsent.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            connection.sent += static_cast<std::size_t>(sent);
            moved = true;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (moved) {
                // Progress resets the waiting time: slow readers are evicted before this one.
                const std::lock_guard lock(mutex_);
                slots_.wait(connection.id);
            }
            return std::nullopt;
        } else if (errno != EINTR) {
            forget(connection);
            return std::nullopt;
        }
    }
    connection.unsent = {};
    connection.unsent_share = {};
    {
        const std::lock_guard lock(mutex_);
        --sending_;
        sent_.notify_all();
        slots_.hold(connection.id, 0);
        slots_.wait(connection.id);
    }
    if (connection.feed != nullptr) {
        await_feed(connection);
        return std::nullopt;
    }
    if (!connection.keep_alive) {
        close_after_drain(connection);
        return std::nullopt;
    }
    // Input that arrived meanwhile raised an event that was ignored: read it now.
    connection.stage = Connection::Stage::kWaiting;
    connection.in_request = false;
    connection.deadline = clock_.steady() + config_.keep_alive;
    watch_for(connection, kReadEvents);
    return advance(connection);
}

void Watcher::await_feed(Connection& connection) {
    connection.stage = Connection::Stage::kFeeding;
    watch_for(connection, kReadEvents);
    if (connection.feed->has_more()) {
        written_->add(connection.id);
    }
    take_input(connection);
}

void Watcher::pull_feed(Connection& connection) {
    auto taken = connection.feed->take();
    if (taken.bytes.empty()) {
        if (taken.ended) {
            connection.feed->close();  // its writers see that nothing is sent any more
            connection.feed = nullptr;
            close_after_drain(connection);
        }
        return;
    }
    if (config_.memory != nullptr) {
        connection.unsent_share = config_.memory->charge(taken.bytes.size());
    }
    connection.unsent = std::move(taken.bytes);
    connection.sent = 0;
    connection.deadline = clock_.steady() + config_.write_timeout;
    connection.stage = Connection::Stage::kSending;
    {
        const std::lock_guard lock(mutex_);
        ++sending_;
        slots_.hold(connection.id, connection.unsent.size());
        slots_.wait(connection.id);
    }
    send_on(connection);
    if (connection.stage == Connection::Stage::kSending) {
        watch_for(connection, kSendEvents);
    }
}

void Watcher::watch_for(Connection& connection, std::uint32_t events) const {
    if (connection.events != events) {
        connection.events = events;
        rearm(connection);
    }
}

void Watcher::rearm(const Connection& connection) const {
    epoll_event event{};
    event.events = connection.events;
    event.data.u64 = connection.id;
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd, &event);
}

void Watcher::expire(Connection& connection) {
    if (connection.stage == Connection::Stage::kWaiting && connection.in_request) {
        refuse(connection,
               {408, "request_timeout", "the request did not arrive in time", connection.reader.requester()});
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
            connection.request_began = clock_.steady();
            if (!connection.fresh) {
                connection.deadline = connection.request_began + config_.head_timeout;
            }
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
            return begin_serving(connection);
        }
        if (used == 0) {
            break;  // an incomplete head stays in the socket
        }
    }
    if (reader.take_expectation() && !send_at_once(connection.fd, "HTTP/1.1 100 Continue\r\n\r\n")) {
        forget(connection);
        return std::nullopt;
    }
    if (reader.state() == State::kBody) {
        connection.deadline = connection.request_began + config_.body_timeout;
        hold(connection, reader.held());
    }
    return std::nullopt;
}

std::optional<RawRequest> Watcher::begin_serving(Connection& connection) {
    connection.fresh = false;
    bool too_much = false;
    {
        const std::lock_guard lock(mutex_);
        slots_.hold(connection.id, kRequestBytes + connection.reader.held());
        slots_.serve(connection.id);
        too_much = slots_.holds_too_much() && !slots_.to_reclaim();
    }
    if (too_much) {
        refuse(connection, {503, "too_many_requests_waiting",
                            "too many requests are waiting; try again later", connection.reader.requester()});
        return std::nullopt;
    }
    connection.stage = Connection::Stage::kServing;
    auto request = connection.reader.take();
    if (request.streamed) {
        watch_for(connection, kNoInput);  // a worker reads the body
    }
    return request;
}

void Watcher::refuse(Connection& connection, const Refusal& refusal) {
    if (send_at_once(connection.fd, refuse_(refusal, connection.remote))) {
        close_after_drain(connection);
    } else {
        forget(connection);
    }
}

void Watcher::close_after_drain(Connection& connection) {
    // Closing with unread bytes sends a reset, which can overtake the answer: shut down sending, then read on
    // briefly.
    ::shutdown(connection.fd, SHUT_WR);
    connection.stage = Connection::Stage::kDraining;
    connection.deadline = clock_.steady() + (connection.body_unread ? kLongLinger : kLinger);
    {
        const std::lock_guard lock(mutex_);
        slots_.hold(connection.id, 0);
        slots_.wait(connection.id);
    }
    watch_for(connection, kReadEvents);
    take_input(connection);
}

void Watcher::take_input(Connection& connection) {
    const bool wanted = connection.feed != nullptr && connection.feed->wants_input();
    std::array<char, kLook> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (int i = 0; i < 64; ++i) {
        const ssize_t got = ::recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return forget(connection);
        }
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        if (got > 0 && wanted) {
            connection.feed->deliver({buffer.data(), static_cast<std::size_t>(got)});
        }
    }
    rearm(connection);  // there is more input; other connections get their turn first
}

}  // namespace lamda::http
