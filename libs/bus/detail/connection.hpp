// The nats.c connection that Bus, Subscription and Consumer share. The only header that knows nats.c.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/bus.hpp"
#include "bus/server_list.hpp"

namespace lamda::bus {

/// How long a call on streams or consumers waits for a connection before it says that there is none.
constexpr Millis kConnectWait{1'000};

template <class T, void (*Destroy)(T*)>
struct Destroyer {
    void operator()(T* object) const { Destroy(object); }
};
template <class T, void (*Destroy)(T*)>
using Owned = std::unique_ptr<T, Destroyer<T, Destroy>>;
using OwnedMessage = Owned<natsMsg, natsMsg_Destroy>;
using OwnedOptions = Owned<natsOptions, natsOptions_Destroy>;

constexpr auto kNoJetStream =
    "JetStream is not enabled there: start the server with -js, or with jetstream {} in its configuration";

/// @throws Unavailable for what passes by itself, Refused for the rest
[[noreturn]] void fail(const std::string& doing, natsStatus status, int js_error = 0);

/// @throws Refused for a URL that cannot be used
ServerList servers_of(const std::string& url);

/// Callbacks can come until ClosedCB did: the object lives until then.
class Connection {
  public:
    Connection(const std::string& url, const std::string& client_name, telemetry::Log log);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    natsConnection* nats() const { return nats_; }
    jsCtx* js() const { return js_; }
    const telemetry::Log& log() const { return log_; }
    /// Of subjects for answers to this client alone: `_INBOX.<user>.`, or `_INBOX.` without a user.
    /// Permissions can then keep users from reading one another's answers.
    const std::string& inbox() const { return inbox_; }
    bool connected() const;
    /// The reason why the bus is of no use now; empty: there is none.
    std::string last_error() const;
    /// Remembers from a JetStream call's end whether the server has JetStream.
    void note_jetstream(natsStatus status, int js_error);
    /// Rises with every loss: what was under way before it gets no answer.
    std::uint64_t generation() const { return generation_; }
    /// Waits until connected. @throws Unavailable after `timeout`
    void require(Millis timeout);
    void on_change(std::function<void(bool)> callback);
    Published publish_durable(const std::vector<Outgoing>& messages, Millis timeout);

  private:
    /// What is under way; callbacks of earlier batches find nothing of theirs in it.
    struct Batch {
        std::mutex mutex;
        std::condition_variable changed;
        std::unordered_map<natsMsg*, std::size_t> waiting;
        Published outcome;
        bool cut = false;
    };

    void came();
    void went();
    void tell(bool connected);
    static void on_connected(natsConnection*, void* self);
    static void on_disconnected(natsConnection*, void* self);
    static void on_closed(natsConnection*, void* self);
    static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* self);
    static void on_ack(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* self);

    telemetry::Log log_;
    std::string inbox_ = "_INBOX.";
    natsConnection* nats_ = nullptr;
    jsCtx* js_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool up_ = false;
    bool closed_ = false;
    std::atomic<bool> without_jetstream_ = false;
    std::atomic<std::uint64_t> generation_ = 0;
    std::mutex callback_mutex_;
    std::function<void(bool)> callback_;
    std::mutex publishing_;
    Batch batch_;
};

/// What the client sees of a received message.
Message to_message(natsMsg* message);

}  // namespace lamda::bus
