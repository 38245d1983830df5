// Bus: NATS and JetStream. nats.c is not visible in this header.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "telemetry/log.hpp"

namespace lamda::bus {

/// No answer, no connection or no acknowledgement: retry later.
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
    std::string reply;           ///< empty: no reply is expected
    std::uint64_t sequence = 0;  ///< in the stream; 0 for core messages
    std::uint64_t deliveries = 1;
};

struct StreamSpec {
    std::string name;
    std::vector<std::string> subjects;
    enum class Retention { kLimits, kWorkQueue } retention = Retention::kLimits;
    Millis max_age{0};  ///< 0: unlimited
    std::int64_t max_bytes = -1;
    std::int32_t max_message_bytes = -1;  ///< the publisher of a larger one gets an error
    Millis duplicate_window{120'000};
    int replicas = 1;
};

struct Outgoing {
    std::string subject;
    std::string message_id;  ///< Nats-Msg-Id
    std::string body;
};

struct SequenceRange {
    std::uint64_t lowest = 0;
    std::uint64_t highest = 0;
    bool operator==(const SequenceRange&) const = default;
};

/// A login by user JWT and NKey. The functions are called at every connect, from any thread, and may throw:
/// there is no login now, and the connect is retried.
struct Login {
    std::string name;                                                   ///< for the inbox, as a user's name
    std::function<std::string()> jwt;                                   ///< the present user JWT
    std::function<std::vector<std::uint8_t>(const std::string&)> sign;  ///< Ed25519 over the server's nonce
    /// Servers that came with the login, in the form of parse_servers, asked for each new connection.
    /// Absent, or an empty text: those of the constructor.
    std::function<std::string()> servers = nullptr;
};

/// Outcome of a batch.
struct Published {
    std::vector<bool> stored;  ///< for each message; a duplicate counts as stored
    std::string reason;        ///< of the first message that was refused; empty if all are stored
    /// By stream: the sequences of the messages that it stored. Duplicates have none of their own.
    std::map<std::string, SequenceRange> sequences;
};

/// State of a stream. A store that was restored, cut or emptied shows here: another `created`, or a lower
/// `last_sequence` than one that was acknowledged before.
struct StreamState {
    std::int64_t created = 0;         ///< nanoseconds since 1970
    std::uint64_t last_sequence = 0;  ///< of the newest message that the stream ever held; 0: none
    std::uint64_t messages = 0;       ///< held now
    std::uint64_t removed = 0;        ///< between the oldest and the newest
    bool operator==(const StreamState&) const = default;
};

/// State of a durable.
struct DurableState {
    std::string name;
    std::string filter_subject;
    std::uint64_t delivered = 0;  ///< stream sequence of the newest delivered message
    std::uint64_t ack_floor = 0;  ///< all messages up to this stream sequence are acknowledged
    Millis ack_wait{0};
    std::int64_t most_pending = 0;
    std::uint64_t pending = 0;  ///< messages not delivered, or delivered and not acknowledged
};

/// A core subscription; its callback runs on a thread of its own. Destruction ends it.
class Subscription {
  public:
    struct Impl;
    explicit Subscription(std::unique_ptr<Impl> impl);
    ~Subscription();
    Subscription(Subscription&&) noexcept;

  private:
    std::unique_ptr<Impl> impl_;
};

/// Pulls from one durable consumer. Single-threaded.
class Consumer {
  public:
    struct Impl;
    explicit Consumer(std::unique_ptr<Impl> impl);
    ~Consumer();
    Consumer(Consumer&&) noexcept;
    /// Returns up to `most` messages; waits at most `timeout` for the first. Empty: none arrived.
    /// @param most 1 to 256. A larger number counts as 256: a full fetch then has fewer messages than `most`
    /// @throws Unavailable
    std::vector<Message> fetch(int most, Millis timeout);
    /// Acknowledges a message of the last fetch, by its stream sequence.
    void ack(const Message& message);
    /// Restarts the acknowledgement time of the message.
    void working(const Message& message);
    /// The durable's acknowledgement time, as of the last fetch that checked the durable; 30 s before.
    Millis ack_wait() const;
    /// Requests redelivery after the delay.
    void nak(const Message& message, Millis delay);
    /// Ends the delivery of the message (work queue: removes it).
    void term(const Message& message);

  private:
    std::unique_ptr<Impl> impl_;
};

/// One connection; reconnects without limit. Thread-safe. The constructor does not wait for the server.
class Bus {
  public:
    /// @param url in the form of parse_servers (bus/server_list.hpp); credentials are never logged. Empty:
    /// the login has the servers
    /// @param login instead of the URL's user and password
    /// @throws Refused for a URL that cannot be used
    Bus(const std::string& url, const std::string& client_name, telemetry::Log log,
        std::optional<Login> login = std::nullopt);
    ~Bus();
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

    bool connected() const;
    /// Reason why the bus cannot be used now (no server, refused login, no JetStream); empty: usable.
    std::string last_error() const;
    /// True if there is no connection because the server refuses the login.
    bool login_refused() const;
    /// Closes the connection and makes a new one, with the present login and its servers. Requests in flight
    /// end as at a lost connection.
    void reconnect();
    /// Sets a callback for every connect and disconnect; called from any thread.
    void on_change(std::function<void(bool connected)> callback);

    /// Core message: lost without a subscriber or a connection. Never blocks.
    void publish(const std::string& subject, const std::string& body);
    /// Waits until the server has received what was published before. False: it has not answered in time, or
    /// there is no connection.
    bool flush(Millis timeout);
    /// Core request. @throws Unavailable on timeout or without responders
    std::string request(const std::string& subject, const std::string& body, Millis timeout);
    Subscription subscribe(const std::string& subject, const std::string& queue_group,
                           std::function<void(const Message&)> callback);
    /// Answers a core request, on reply subjects only: a client must not choose any other subject for us to
    /// publish on.
    void respond(const Message& request, const std::string& body);

    /// Names of the account's streams. @throws Unavailable, Refused
    std::set<std::string> stream_names();
    /// Names of a stream's durables; empty also if the stream does not exist. @throws Unavailable, Refused
    std::set<std::string> durable_names(const std::string& stream);
    /// Creates the stream, or updates it as far as the server allows. @throws Unavailable, Refused
    void ensure_stream(const StreamSpec& spec);
    /// Creates a durable: explicit acknowledgement, deliver all, unlimited deliveries.
    /// @param most_pending limit of delivered messages without acknowledgement, delayed ones included. At the
    /// limit no more are delivered.
    /// @param start_sequence of the first message to deliver; 0: all. A durable that exists must have been
    /// created with the same
    /// @throws Unavailable, Refused
    void ensure_durable(const std::string& stream, const std::string& durable,
                        const std::string& filter_subject, Millis ack_wait, std::int64_t most_pending = 1'000,
                        std::uint64_t start_sequence = 0);
    /// True if the durable exists. @throws Unavailable, Refused
    bool has_durable(const std::string& stream, const std::string& durable);
    /// @throws Unavailable; Refused, also if the stream does not exist
    StreamState stream_state(const std::string& stream);
    /// StreamState::last_sequence. @throws as stream_state
    std::uint64_t last_sequence(const std::string& stream);
    /// True if the stream has this message and can read it. @throws as stream_state
    bool can_read(const std::string& stream, std::uint64_t sequence);
    /// True if the stream counts this message among those that it holds, whether it can read it or not. The
    /// server sends the sequences of all removed messages for it. @throws as stream_state
    bool holds(const std::string& stream, std::uint64_t sequence);
    /// Removes all messages of the stream; sequences go on. @throws as stream_state
    void purge_stream(const std::string& stream);
    /// All durables of a stream; empty also if the stream does not exist. @throws Unavailable, Refused
    std::vector<DurableState> durables(const std::string& stream);
    /// Deletes the durable, if it exists. @throws Unavailable, Refused
    void delete_durable(const std::string& stream, const std::string& durable);
    /// Number of messages that a durable has never delivered. @throws Unavailable, Refused
    std::uint64_t undelivered(const std::string& stream, const std::string& durable);
    /// Publishes all asynchronously and waits for the acknowledgements. @throws Unavailable without a
    /// connection
    Published publish_durable(const std::vector<Outgoing>& messages, Millis timeout);
    Consumer consume(const std::string& stream, const std::string& durable);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::bus
