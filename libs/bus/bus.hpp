// NATS and JetStream. nats.c stays behind this header.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "telemetry/log.hpp"

namespace lamda::bus {

/// No answer, no connection, no acknowledgement: try again later.
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The server refused: wrong configuration or missing permission.
class Refused : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Message {
    std::string subject;
    std::string body;
    std::string reply;           ///< empty: nobody waits
    std::uint64_t sequence = 0;  ///< in the stream; 0 for core messages
    std::uint64_t deliveries = 1;
};

struct StreamSpec {
    std::string name;
    std::vector<std::string> subjects;
    enum class Retention { kLimits, kWorkQueue } retention = Retention::kLimits;
    Millis max_age{0};  ///< 0: for ever
    std::int64_t max_bytes = -1;
    std::int32_t max_message_bytes = -1;  ///< a larger one is refused to its publisher
    Millis duplicate_window{120'000};
    int replicas = 1;
};

struct Outgoing {
    std::string subject;
    std::string message_id;  ///< Nats-Msg-Id
    std::string body;
};

/// The outcome of a batch.
struct Published {
    std::vector<bool> stored;  ///< by message; a duplicate counts as stored
    std::string reason;        ///< why the first refused message was refused; empty when all are stored
};

/// A core subscription; its callback runs on a thread of its own. Ends with the object.
class Subscription {
  public:
    struct Impl;
    explicit Subscription(std::unique_ptr<Impl> impl);
    ~Subscription();
    Subscription(Subscription&&) noexcept;

  private:
    std::unique_ptr<Impl> impl_;
};

/// Pulls from one durable consumer. For one thread.
class Consumer {
  public:
    struct Impl;
    explicit Consumer(std::unique_ptr<Impl> impl);
    ~Consumer();
    Consumer(Consumer&&) noexcept;
    /// Up to `most` messages; waits at most `timeout` for the first. Empty: none came. @throws Unavailable
    std::vector<Message> fetch(int most, Millis timeout);
    /// Of a message of the last fetch, by its stream sequence.
    void ack(const Message& message);
    /// Deliver again after the delay.
    void nak(const Message& message, Millis delay);
    /// Never again (work queue: removed).
    void term(const Message& message);

  private:
    std::unique_ptr<Impl> impl_;
};

/// One connection; reconnects for ever. Thread-safe. Opening does not wait for the server.
class Bus {
  public:
    /// @param url as parse_servers reads it (bus/server_list.hpp); credentials are never logged
    /// @throws Refused for a URL that cannot be used
    Bus(const std::string& url, const std::string& client_name, telemetry::Log log);
    ~Bus();
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

    bool connected() const;
    /// The reason why the bus is of no use now (no server, a refused login, no JetStream); empty: there is
    /// none.
    std::string last_error() const;
    /// Called (from any thread) whenever the connection comes or goes.
    void on_change(std::function<void(bool connected)> callback);

    /// Core: lost when nobody listens or there is no connection. Never blocks.
    void publish(const std::string& subject, const std::string& body);
    /// Core request. @throws Unavailable on a time-out or without responders
    std::string request(const std::string& subject, const std::string& body, Millis timeout);
    Subscription subscribe(const std::string& subject, const std::string& queue_group,
                           std::function<void(const Message&)> callback);
    /// Answers a core request, on subjects for answers only: an asker must not choose what we publish on.
    void respond(const Message& request, const std::string& body);

    /// Names of the account's streams. @throws Unavailable, Refused
    std::set<std::string> stream_names();
    /// Names of a stream's durables; empty also when the stream does not exist. @throws Unavailable, Refused
    std::set<std::string> durable_names(const std::string& stream);
    /// Creates the stream, or updates it where the server allows. @throws Unavailable, Refused
    void ensure_stream(const StreamSpec& spec);
    /// Explicit acknowledgement, deliver all, no limit of deliveries.
    /// @param most_pending delivered and not acknowledged yet; those put off by nak count. Above it nothing
    /// more is delivered.
    /// @throws Unavailable, Refused
    void ensure_durable(const std::string& stream, const std::string& durable,
                        const std::string& filter_subject, Millis ack_wait,
                        std::int64_t most_pending = 1'000);
    /// Sequence of the newest message that the stream ever held; 0: none yet. @throws Unavailable, Refused
    std::uint64_t last_sequence(const std::string& stream);
    /// Publishes all asynchronously and waits for the acknowledgements. @throws Unavailable when there is no
    /// connection at all
    Published publish_durable(const std::vector<Outgoing>& messages, Millis timeout);
    Consumer consume(const std::string& stream, const std::string& durable);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::bus
