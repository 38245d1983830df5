#include "bus/detail/connection.hpp"

#include <algorithm>

namespace lamda::bus {

namespace {

/// Publishes in flight; more would only queue in the client.
constexpr std::size_t kMostPending = 4'096;

bool is_refused_login(natsStatus status) {
    return status == NATS_CONNECTION_AUTH_FAILED || status == NATS_NOT_PERMITTED;
}

/// Reason why there is no connection, from the status alone: nats.c's texts can quote the URL.
std::string reason_of(natsStatus status) {
    switch (status) {
        case NATS_SSL_ERROR:
            return "TLS failed";
        case NATS_SECURE_CONNECTION_REQUIRED:
            return "the server requires TLS: use tls:// in NATS_URL";
        case NATS_SECURE_CONNECTION_WANTED:
            return "the server has no TLS: use nats:// in NATS_URL";
        case NATS_PROTOCOL_ERROR:
            return "the address answers, but is not a NATS server";
        default:
            return "no server answers";
    }
}

/// "JetStream not enabled", for the server or for the account.
constexpr int kJetStreamNotEnabled = 10'076;
constexpr int kJetStreamNotEnabledForAccount = 10'039;

/// Reason why a published message was refused.
std::string refusal_of(const char* subject, const jsPubAckErr& error) {
    std::string out = std::string(subject) + ": ";
    if (error.Err == NATS_NO_RESPONDERS) {
        return out + "no stream takes this subject";
    }
    out += error.ErrText != nullptr && *error.ErrText != '\0' ? error.ErrText : natsStatus_GetText(error.Err);
    return error.ErrCode == 0
               ? out
               : out + " [JetStream error " + std::to_string(static_cast<int>(error.ErrCode)) + "]";
}

}  // namespace

void fail(const std::string& doing, natsStatus status, int js_error) {
    // Never nats_GetLastError: its text can quote the URL.
    std::string text = "NATS: " + doing + ": " + natsStatus_GetText(status);
    if (js_error != 0) {
        text += " [JetStream error " + std::to_string(js_error) + "]";
    }
    constexpr int kJetStreamNotAvailable = 10'008;
    if (js_error == kJetStreamNotEnabled || js_error == kJetStreamNotEnabledForAccount) {
        text = "NATS: " + doing + ": " + kNoJetStream;
    }
    switch (status) {
        case NATS_TIMEOUT:
        case NATS_NO_RESPONDERS:
        case NATS_NO_SERVER:
        case NATS_IO_ERROR:
        case NATS_CONNECTION_CLOSED:
        case NATS_CONNECTION_DISCONNECTED:
        case NATS_STALE_CONNECTION:
        case NATS_NOT_YET_CONNECTED:
        case NATS_MISSED_HEARTBEAT:
        case NATS_DRAINING:
        case NATS_SLOW_CONSUMER:
            throw Unavailable(text);
        default:
            break;
    }
    if (js_error == kJetStreamNotAvailable || js_error == kJetStreamNotEnabled ||
        js_error == kJetStreamNotEnabledForAccount) {
        throw Unavailable(text);
    }
    throw Refused(text);
}

ServerList servers_of(const std::string& url) {
    auto parsed = parse_servers(url);
    if (!parsed) {
        throw Refused("NATS: the URL " + parsed.error().message);
    }
    return *std::move(parsed);
}

Message to_message(natsMsg* message) {
    Message out;
    out.subject = natsMsg_GetSubject(message);
    out.body.assign(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
    if (const char* reply = natsMsg_GetReply(message)) {
        out.reply = reply;
    }
    return out;
}

bool Connection::connected() const {
    const auto nats = this->nats();
    return nats != nullptr && natsConnection_Status(nats.get()) == NATS_CONN_STATUS_CONNECTED;
}

void Connection::require(Millis timeout) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, timeout, [this] { return up_; })) {
        throw Unavailable("NATS: " + last_error());
    }
}

bool Connection::login_refused() const {
    const auto nats = this->nats();
    if (nats == nullptr || connected() || (login_ && login_->missing())) {
        return false;
    }
    const char* text = nullptr;
    return is_refused_login(natsConnection_GetLastError(nats.get(), &text)) ||
           (login_ && login_->unanswered());
}

std::string Connection::last_error() const {
    if (!connected()) {
        const auto nats = this->nats();
        if (nats == nullptr || (login_ && login_->missing())) {
            return "not connected: there are no credentials yet";
        }
        if (login_refused()) {
            return "not connected: the server refuses the login (user, password or token of NATS_URL, or the "
                   "credentials)";
        }
        const char* text = nullptr;
        return "not connected: " + reason_of(natsConnection_GetLastError(nats.get(), &text));
    }
    return without_jetstream_ ? kNoJetStream : "";
}

void Connection::note_jetstream(natsStatus status, int js_error) {
    without_jetstream_ =
        status != NATS_OK && (js_error == kJetStreamNotEnabled || js_error == kJetStreamNotEnabledForAccount);
}

void Connection::on_change(std::function<void(bool)> callback) {
    std::lock_guard lock(callback_mutex_);
    callback_ = std::move(callback);
}

void Connection::notify(bool connected) {
    std::lock_guard lock(callback_mutex_);
    if (callback_) {
        callback_(connected);
    }
}

void Connection::on_up() {
    {
        std::lock_guard lock(mutex_);
        up_ = true;
    }
    changed_.notify_all();
    if (login_) {
        login_->accepted();
    }
    log_.info("connected to NATS");
    notify(true);
}

void Connection::on_down() {
    ++generation_;
    bool was = false;
    {
        std::lock_guard lock(mutex_);
        was = std::exchange(up_, false);
    }
    {
        std::lock_guard lock(batch_.mutex);
        batch_.cut = true;
    }
    batch_.changed.notify_all();
    if (was) {
        log_.warn("connection to NATS lost");
        notify(false);
    }
}

void Connection::on_connected(natsConnection*, void* self) {
    static_cast<Connection*>(self)->on_up();
}
void Connection::on_disconnected(natsConnection*, void* self) {
    static_cast<Connection*>(self)->on_down();
}

void Connection::on_error(natsConnection*, natsSubscription* subscription, natsStatus status, void* closure) {
    const char* subject = subscription == nullptr ? nullptr : natsSubscription_GetSubject(subscription);
    static_cast<Connection*>(closure)->log_.warn(
        "NATS error",
        {{"error", natsStatus_GetText(status)}, {"subject", subject == nullptr ? "" : subject}});
}

void Connection::on_ack(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* closure) {
    auto& self = *static_cast<Connection*>(closure);
    const std::string refusal = error == nullptr ? "" : refusal_of(natsMsg_GetSubject(message), *error);
    {
        std::lock_guard lock(self.batch_.mutex);
        const auto found = self.batch_.waiting.find(message);
        if (found != self.batch_.waiting.end()) {
            auto& outcome = self.batch_.outcome;
            outcome.stored[found->second] = ack != nullptr;
            if (ack != nullptr && !ack->Duplicate && ack->Stream != nullptr) {
                auto& range =
                    outcome.sequences.try_emplace(ack->Stream, ack->Sequence, ack->Sequence).first->second;
                range = {std::min(range.lowest, ack->Sequence), std::max(range.highest, ack->Sequence)};
            }
            if (outcome.reason.empty()) {
                outcome.reason = refusal;
            }
            self.batch_.waiting.erase(found);
        }
    }
    self.batch_.changed.notify_all();
    natsMsg_Destroy(message);
}

void Connection::flush_soon() {
    // nats.c's own thread waits a millisecond for more messages before it sends the last ones. The call sends
    // them at once. Its answer is not needed, and would not come while the connection is lost: not waited
    // for.
    constexpr std::int64_t kWaitMillis = 1;
    if (connected()) {
        natsConnection_FlushTimeout(nats().get(), kWaitMillis);
    }
}

Published Connection::publish_durable(const std::vector<Outgoing>& messages, Millis timeout) {
    std::lock_guard one_batch(publishing_);
    if (messages.empty()) {
        return {};
    }
    if (!connected()) {
        throw Unavailable("NATS: " + last_error());
    }
    const Deadline end = deadline(timeout);
    const auto js = this->js();
    {
        std::lock_guard lock(batch_.mutex);
        batch_.waiting.clear();
        batch_.outcome = {std::vector<bool>(messages.size(), false), "", {}};
        batch_.cut = false;
    }
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto& out = messages[i];
        natsMsg* raw = nullptr;
        natsStatus status = natsMsg_Create(&raw, out.subject.c_str(), nullptr, out.body.data(),
                                           static_cast<int>(out.body.size()));
        if (status == NATS_OK) {
            {
                std::unique_lock lock(batch_.mutex);
                // Wait for room first: nats.c would otherwise block the thread for its own stall time.
                const bool room = batch_.changed.wait_for(
                    lock, end.left(), [this] { return batch_.cut || batch_.waiting.size() < kMostPending; });
                if (!room || batch_.cut) {
                    natsMsg_Destroy(raw);
                    break;
                }
                batch_.waiting.emplace(raw, i);
            }
            jsPubOptions options;
            jsPubOptions_Init(&options);
            options.MsgId = out.message_id.c_str();
            natsMsg* const key = raw;
            status = js_PublishMsgAsync(js.get(), &raw, &options);
            if (status != NATS_OK) {
                std::lock_guard lock(batch_.mutex);
                batch_.waiting.erase(key);
            }
        }
        natsMsg_Destroy(raw);  // null if nats.c has taken ownership
        if (status != NATS_OK) {
            std::lock_guard lock(batch_.mutex);
            batch_.outcome.reason = out.subject + ": not sent: " + natsStatus_GetText(status);
        }
    }
    flush_soon();
    Published outcome;
    {
        std::unique_lock lock(batch_.mutex);
        batch_.changed.wait_for(lock, end.left(), [this] { return batch_.cut || batch_.waiting.empty(); });
        outcome = std::move(batch_.outcome);
        const bool all =
            std::all_of(outcome.stored.begin(), outcome.stored.end(), [](bool one) { return one; });
        if (!all && outcome.reason.empty()) {
            outcome.reason = batch_.cut ? "the connection was lost" : "no acknowledgement from JetStream";
        }
        batch_.waiting.clear();
    }
    natsMsgList unanswered{};
    if (js_PublishAsyncGetPendingList(&unanswered, js.get()) == NATS_OK) {
        natsMsgList_Destroy(&unanswered);
    }
    return outcome;
}

}  // namespace lamda::bus
