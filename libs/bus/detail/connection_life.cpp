// Lifetime of the nats.c connection: made, replaced after nats.c has closed it, ended.
#include <algorithm>
#include <cctype>

#include "bus/detail/connection.hpp"

namespace lamda::bus {

namespace {

/// Milliseconds between PINGs; a link with two unanswered ones counts as lost.
constexpr std::int64_t kPingMillis = 20'000;
/// Timeout of JetStream's own answers (streams, consumers). Together with kConnectWait below the 4.5 s within
/// which a process must stop.
constexpr std::int64_t kAnswerWaitMillis = 3'000;
/// Publishes in flight.
constexpr std::int64_t kMostPending = 4'096;

/// Pause before a closed connection is replaced.
constexpr Millis kReopenPause{500};

void must(natsStatus status, const char* doing) {
    if (status != NATS_OK) {
        fail(doing, status);
    }
}

/// User name for the inbox prefix, so that permissions can separate users. Never a token, which is the whole
/// credential. Empty: there is no user, or its name is not valid in a subject.
std::string inbox_part(const std::string& user) {
    const bool plain = std::all_of(user.begin(), user.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_';
    });
    return plain ? user : "";
}

}  // namespace

Connection::Connection(const std::string& url, const std::string& client_name, telemetry::Log log,
                       std::optional<Login> login)
    : log_(std::move(log)), login_(login ? std::make_unique<LoginCallbacks>(*std::move(login)) : nullptr) {
    natsOptions* raw = nullptr;
    must(natsOptions_Create(&raw), "options");
    options_.reset(raw);
    const ServerList list = url.empty() && login_ ? ServerList{} : servers_of(url);
    set_servers(list);
    must(natsOptions_SetName(raw, client_name.c_str()), "client name");
    if (login_) {
        must(login_->set(raw), "options");
    } else if (!list.token.empty()) {
        must(natsOptions_SetToken(raw, list.token.c_str()), "options");
    } else if (!list.user.empty()) {
        must(natsOptions_SetUserInfo(raw, list.user.c_str(), list.password.c_str()), "options");
    }
    if (const auto part = inbox_part(login_ ? login_->name() : list.user); !part.empty()) {
        inbox_ += part + '.';
        must(natsOptions_SetCustomInboxPrefix(raw, inbox_.substr(0, inbox_.size() - 1).c_str()), "options");
    }
    must(natsOptions_SetTimeout(raw, 2'000), "options");
    must(natsOptions_SetMaxReconnect(raw, -1), "options");
    must(natsOptions_SetReconnectWait(raw, 250), "options");
    must(natsOptions_SetReconnectJitter(raw, 100, 250), "options");
    must(natsOptions_SetPingInterval(raw, kPingMillis), "options");
    must(natsOptions_SetMaxPingsOut(raw, 2), "options");
    must(natsOptions_SetRetryOnFailedConnect(raw, true, &Connection::on_connected, this), "options");
    must(natsOptions_SetDisconnectedCB(raw, &Connection::on_disconnected, this), "options");
    must(natsOptions_SetReconnectedCB(raw, &Connection::on_connected, this), "options");
    must(natsOptions_SetClosedCB(raw, &Connection::on_closed, this), "options");
    must(natsOptions_SetErrorHandler(raw, &Connection::on_error, this), "options");
    if (list.urls.empty() && !login_->available()) {
        closed_ = true;  // opened by reopen() once the login is there, with its servers
    } else {
        open();
    }
    reopening_ = std::jthread([this](const std::stop_token& stop) { reopen(stop); });
}

Connection::~Connection() {
    on_change(nullptr);
    reopening_.request_stop();
    reopening_.join();
    if (const auto closing = nats()) {
        natsConnection_Close(closing.get());
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_; });
}

void Connection::set_servers(const ServerList& list) {
    std::vector<const char*> servers;
    servers.reserve(list.urls.size());
    for (const auto& one : list.urls) {
        servers.push_back(one.c_str());
    }
    if (!servers.empty()) {
        must(natsOptions_SetServers(options_.get(), servers.data(), static_cast<int>(servers.size())),
             "the URL");
    }
}

void Connection::open() {
    if (const auto servers = login_ ? login_->servers() : ""; !servers.empty()) {
        set_servers(servers_of(servers));
    }
    const auto set_closed = [this](bool closed) {
        const std::lock_guard lock(mutex_);
        closed_ = closed;
    };
    set_closed(false);
    natsConnection* raw = nullptr;
    const natsStatus status = natsConnection_Connect(&raw, options_.get());
    if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED) {
        set_closed(true);
        fail("connect", status);
    }
    const std::shared_ptr<natsConnection> connection(raw, &natsConnection_Destroy);
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = kAnswerWaitMillis;
    options.PublishAsync.MaxPending = kMostPending;
    options.PublishAsync.AckHandler = &Connection::on_ack;
    options.PublishAsync.AckHandlerClosure = this;
    jsCtx* js = nullptr;
    const natsStatus js_status = natsConnection_JetStream(&js, raw, &options);
    js_ = std::shared_ptr<jsCtx>(js, [connection](jsCtx* context) { jsCtx_Destroy(context); });
    nats_ = connection;
    ++epoch_;
    if (js_status != NATS_OK && js_status != NATS_CONNECTION_CLOSED) {
        natsConnection_Close(raw);
        fail("JetStream context", js_status);
    }
    if (status == NATS_OK) {
        on_up();
    }
}

void Connection::reopen(const std::stop_token& stop) {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return closed_; })) {
                return;
            }
            changed_.wait_for(lock, stop, kReopenPause, [] { return false; });
        }
        if (stop.stop_requested()) {
            return;
        }
        if (login_ && !login_->available()) {
            continue;
        }
        try {
            open();
            const std::lock_guard lock(attaching_);
            for (const auto& [key, attach] : attached_) {
                attach();
            }
        } catch (const std::exception& error) {
            log_.warn("NATS connection not replaced; trying again", {{"error", error.what()}});
            if (const auto closing = nats()) {
                natsConnection_Close(closing.get());
            }
        }
    }
}

void Connection::attach(const void* key, std::function<void()> attach) {
    const std::lock_guard lock(attaching_);
    attach();
    attached_.emplace(key, std::move(attach));
}

void Connection::detach(const void* key) {
    const std::lock_guard lock(attaching_);
    attached_.erase(key);
}

void Connection::on_closed(natsConnection*, void* closure) {
    auto& self = *static_cast<Connection*>(closure);
    self.on_down();
    // Notify under the lock: the destructor may continue as soon as it is released.
    std::lock_guard lock(self.mutex_);
    self.closed_ = true;
    self.changed_.notify_all();
}

}  // namespace lamda::bus
