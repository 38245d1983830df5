// The nats.c connection shared by Bus, Subscription and Consumer. The only header that includes nats.c.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bus/bus.hpp"
#include "bus/detail/login.hpp"
#include "bus/server_list.hpp"
#include "core/deadline.hpp"

namespace lamda::bus {

/// Time that a call on streams or consumers waits for a connection before it throws Unavailable.
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

/// @throws Unavailable for temporary failures, Refused for the rest
[[noreturn]] void fail(const std::string& doing, natsStatus status, int js_error = 0);

/// @throws Refused for a URL that cannot be used
ServerList servers_of(const std::string& url);

/// Callbacks can arrive until on_closed: the object must exist until then.
class Connection {
  public:
    Connection(const std::string& url, const std::string& client_name, telemetry::Log log,
               std::optional<Login> login = std::nullopt);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The present connection of nats.c, which an error may have closed. Null: there was no login yet. Keep
    /// the pointer during a call.
    std::shared_ptr<natsConnection> nats() const { return nats_.load(); }
    std::shared_ptr<jsCtx> js() const { return js_.load(); }
    /// Increments when a new connection of nats.c replaces a closed one: its subscriptions must be made
    /// again.
    std::uint64_t epoch() const { return epoch_; }
    /// Calls `attach` now, and after each new epoch until detach().
    void attach(const void* key, std::function<void()> attach);
    /// Afterwards `attach` does not run.
    void detach(const void* key);
    const telemetry::Log& log() const { return log_; }
    /// By the time in which nats.c waits.
    Deadline deadline(Millis timeout) const { return {clock_, timeout}; }
    /// Prefix of reply subjects of this client: `_INBOX.<user>.`, or `_INBOX.` without a user. Permissions
    /// can then keep users from reading one another's replies.
    const std::string& inbox() const { return inbox_; }
    bool connected() const;
    /// Reason why the bus cannot be used now; empty: usable.
    std::string last_error() const;
    bool login_refused() const;
    /// Records from the result of a JetStream call if the server has JetStream.
    void note_jetstream(natsStatus status, int js_error);
    /// Increments with every loss: requests in flight at that time get no answer.
    std::uint64_t generation() const { return generation_; }
    /// Waits until connected. @throws Unavailable after `timeout`
    void require(Millis timeout);
    void on_change(std::function<void(bool)> callback);
    Published publish_durable(const std::vector<Outgoing>& messages, Millis timeout);

  private:
    /// Sends what nats.c has buffered, now instead of a millisecond later.
    void flush_soon();
    /// The batch in flight; callbacks of earlier batches find no entry in it.
    struct Batch {
        std::mutex mutex;
        std::condition_variable changed;
        std::unordered_map<natsMsg*, std::size_t> waiting;
        Published outcome;
        bool cut = false;
    };

    /// Applies the URL's servers, and its login if there is no other. @throws Refused
    void set_servers(const ServerList& list);
    /// Makes a connection of nats.c, which may connect later. @throws Unavailable, Refused
    void open();
    /// Replaces a connection that nats.c has closed (a refused or revoked login, say), until stopped.
    void reopen(const std::stop_token& stop);
    void on_up();
    void on_down();
    void notify(bool connected);
    static void on_connected(natsConnection*, void* self);
    static void on_disconnected(natsConnection*, void* self);
    static void on_closed(natsConnection*, void* self);
    static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* self);
    static void on_ack(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* self);

    SystemClock clock_;
    telemetry::Log log_;
    std::string inbox_ = "_INBOX.";
    std::unique_ptr<LoginCallbacks> login_;  ///< null: the URL's login
    OwnedOptions options_;
    std::atomic<std::shared_ptr<natsConnection>> nats_;
    std::atomic<std::shared_ptr<jsCtx>> js_;
    std::atomic<std::uint64_t> epoch_ = 0;
    std::mutex attaching_;
    std::map<const void*, std::function<void()>> attached_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool up_ = false;
    bool closed_ = false;
    std::atomic<bool> without_jetstream_ = false;
    std::atomic<std::uint64_t> generation_ = 0;
    std::mutex callback_mutex_;
    std::function<void(bool)> callback_;
    std::mutex publishing_;
    Batch batch_;
    std::jthread reopening_;
};

/// Converts a received message for the client.
Message to_message(natsMsg* message);

}  // namespace lamda::bus
