// Implementation of Consumer: pull requests to JetStream on a private inbox.
#pragma once

#include <memory>
#include <string>

#include "bus/detail/connection.hpp"

namespace lamda::bus {

/// Pulls with the messages of the JetStream API (ADR-13 of nats-architecture-and-design). nats.c's fetch
/// either holds back the first message until the batch is full, or takes the late answer of one request for
/// the answer of the next.
struct Consumer::Impl {
    Impl(std::shared_ptr<Connection> connection, std::string stream, std::string durable);
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::vector<Message> fetch(int most, Millis timeout);
    void acknowledge(const Message& message, const std::string& how);
    Millis ack_wait() const { return ack_wait_; }

  private:
    /// Requests `most` messages and collects them until all arrived, the server reports that there are no
    /// more, or `deadline`.
    void request(int most, Millis expires, const Deadline& deadline, std::vector<Message>& into);
    /// Collects messages that arrived late for an earlier request.
    void take_pending(int most, std::vector<Message>& into);
    void subscribe();
    /// Checks that the durable exists, at first and after silence: the server does not answer requests to a
    /// missing one.
    void verify(const Deadline& deadline);

    std::shared_ptr<Connection> connection_;
    std::string stream_;
    std::string durable_;
    std::string inbox_;
    natsSubscription* nats_ = nullptr;
    std::uint64_t epoch_ = 0;  ///< of the connection that the inbox belongs to
    std::uint64_t requests_ = 0;
    bool verified_ = false;
    Millis ack_wait_{30'000};
};

}  // namespace lamda::bus
