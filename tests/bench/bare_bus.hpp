// JetStream by nats.c, without code of the project: the floor of publishing, and a watch of acknowledgements.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lamda::bench {

struct BareMessage {
    std::string subject;
    std::string id;  ///< Nats-Msg-Id
    std::string body;
};

/// One connection. Errors: std::runtime_error.
class BareBus {
  public:
    explicit BareBus(const std::string& url);
    ~BareBus();
    BareBus(const BareBus&) = delete;
    BareBus& operator=(const BareBus&) = delete;

    /// Publishes one message and waits for JetStream's acknowledgement.
    void publish(const BareMessage& message);
    /// Publishes all asynchronously and waits for the acknowledgements.
    void publish_all(const std::vector<BareMessage>& messages);
    /// Deletes the messages of a stream.
    void purge(const std::string& stream);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Counts JetStream's acknowledgements for one stream: it receives a copy of each that reaches a publisher's
/// inbox. The server must have no users. Thread-safe.
class AckWatch {
  public:
    AckWatch(const std::string& url, const std::string& stream);
    ~AckWatch();
    AckWatch(const AckWatch&) = delete;
    AckWatch& operator=(const AckWatch&) = delete;

    void reset();
    std::size_t count() const;
    /// Second of the monotonic clock (now_seconds) of the acknowledgement that is the `count`-th since
    /// reset().
    /// @throws std::runtime_error after `seconds`
    double wait(std::size_t count, double seconds);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::bench
