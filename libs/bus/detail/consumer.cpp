#include "bus/detail/consumer.hpp"

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

#include "core/json_writer.hpp"

namespace lamda::bus {

namespace {

constexpr Millis kPause{200};
/// Timeout of the server's answer that there are no more messages.
constexpr std::chrono::seconds kNoWaitTimeout{2};
/// Small enough to be processed within the acknowledgement timeout.
constexpr int kMostAtOnce = 256;

/// Pauses after a failure that returns immediately, so that a caller in a loop does not spin.
void pause_until(const Deadline& deadline) {
    std::this_thread::sleep_for(std::min(deadline.left(), kPause));
}

/// Code of a status message (`404` no messages, `408` expired, `409` consumer deleted …); empty: a data
/// message.
std::string status_of(natsMsg* message) {
    const char* status = nullptr;
    if (natsMsg_GetDataLength(message) != 0 || natsMsgHeader_Get(message, "Status", &status) != NATS_OK) {
        return "";
    }
    return status;
}

/// Parses $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer
/// seq>.<time>.<pending>[.…]
void read_ack_subject(Message& message) {
    std::vector<std::string> tokens;
    for (std::size_t begin = 0; begin <= message.reply.size();) {
        const auto end = std::min(message.reply.find('.', begin), message.reply.size());
        tokens.push_back(message.reply.substr(begin, end - begin));
        begin = end + 1;
    }
    const std::size_t delivered = tokens.size() >= 11 ? 6 : 4;
    if (tokens.size() >= 9) {
        std::from_chars(tokens[delivered].data(), tokens[delivered].data() + tokens[delivered].size(),
                        message.deliveries);
        const auto& sequence = tokens[delivered + 1];
        std::from_chars(sequence.data(), sequence.data() + sequence.size(), message.sequence);
    }
}

}  // namespace

Consumer::Impl::Impl(std::shared_ptr<Connection> connection, std::string stream, std::string durable)
    : connection_(std::move(connection)), stream_(std::move(stream)), durable_(std::move(durable)) {
    subscribe();
}

Consumer::Impl::~Impl() {
    // Removes only the inbox: the durable stays.
    natsSubscription_Destroy(nats_);
}

void Consumer::Impl::subscribe() {
    natsSubscription_Destroy(std::exchange(nats_, nullptr));
    epoch_ = connection_->epoch();
    const auto nats = connection_->nats();
    if (nats == nullptr) {
        return;  // made in the first epoch
    }
    natsInbox* inbox = nullptr;
    auto status = natsInbox_Create(&inbox);
    if (status == NATS_OK) {
        // nats.c creates its other inboxes below the client's prefix, but this one below the general one.
        inbox_ = connection_->inbox() + std::string(inbox).substr(std::string_view("_INBOX.").size());
        natsInbox_Destroy(inbox);
        status = natsConnection_SubscribeSync(&nats_, nats.get(), (inbox_ + ".*").c_str());
    }
    if (status != NATS_OK && status != NATS_CONNECTION_CLOSED) {  // closed: made again in the next epoch
        fail("consumer " + durable_ + " of " + stream_, status);
    }
}

void Consumer::Impl::verify(const Deadline& deadline) {
    if (verified_) {
        return;
    }
    jsConsumerInfo* info = nullptr;
    jsErrCode error{};
    const auto status = js_GetConsumerInfo(&info, connection_->js().get(), stream_.c_str(), durable_.c_str(),
                                           nullptr, &error);
    if (status == NATS_OK && info->Config != nullptr && info->Config->AckWait > 0) {
        ack_wait_ = std::chrono::duration_cast<Millis>(std::chrono::nanoseconds(info->Config->AckWait));
    }
    jsConsumerInfo_Destroy(info);
    connection_->note_jetstream(status, error);
    if (status != NATS_OK) {
        pause_until(deadline);
        const auto last_error = connection_->last_error();
        throw Unavailable("NATS: consumer " + durable_ + " of " + stream_ + ": " +
                          (last_error.empty() ? natsStatus_GetText(status) : last_error));
    }
    verified_ = true;
}

void Consumer::Impl::take_pending(int most, std::vector<Message>& into) {
    natsMsg* raw = nullptr;
    while (static_cast<int>(into.size()) < most && natsSubscription_NextMsg(&raw, nats_, 0) == NATS_OK) {
        const OwnedMessage owned(raw);
        if (status_of(raw).empty()) {
            into.push_back(to_message(raw));
            read_ack_subject(into.back());
        }
    }
}

void Consumer::Impl::request(int most, Millis expires, const Deadline& deadline, std::vector<Message>& into) {
    const auto doing = [&] { return "fetch by " + durable_ + " of " + stream_; };
    const auto generation = connection_->generation();
    const std::string reply = inbox_ + "." + std::to_string(++requests_);
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(expires).count();
    // With an expiry the server would wait despite no_wait.
    JsonWriter body;
    body.begin_object().key("batch").number(most);
    if (nanos > 0) {
        body.key("expires").number(nanos);
    } else {
        body.key("no_wait").boolean(true);
    }
    body.end_object();
    auto status = natsConnection_PublishRequestString(
        connection_->nats().get(), ("$JS.API.CONSUMER.MSG.NEXT." + stream_ + "." + durable_).c_str(),
        reply.c_str(), body.take().c_str());
    if (status != NATS_OK) {
        fail(doing(), status);
    }
    int missing = most;
    bool answered = false;
    while (missing > 0) {
        if (deadline.passed()) {
            verified_ = verified_ && (nanos == 0 || answered);
            return;
        }
        natsMsg* raw = nullptr;
        status = natsSubscription_NextMsg(&raw, nats_, std::min(deadline.left(), kPause).count());
        const OwnedMessage owned(raw);
        if (status == NATS_TIMEOUT) {
            if (connection_->generation() != generation) {
                throw Unavailable("NATS: " + doing() + ": the connection was lost");
            }
            continue;
        }
        if (status != NATS_OK) {
            fail(doing(), status);
        }
        const std::string code = status_of(raw);
        answered = answered || natsMsg_GetSubject(raw) == reply || code.empty();
        if (code.empty()) {
            into.push_back(to_message(raw));
            read_ack_subject(into.back());
            --missing;
        } else if (natsMsg_GetSubject(raw) != reply || code == "100") {
            continue;  // from an earlier request, or a server heartbeat
        } else if (code == "404" || code == "408" || !into.empty()) {
            return;
        } else {
            throw Unavailable("NATS: " + doing() + ": status " + code);
        }
    }
}

std::vector<Message> Consumer::Impl::fetch(int most, Millis timeout) {
    const Deadline deadline = connection_->deadline(timeout);
    connection_->require(timeout);
    if (epoch_ != connection_->epoch()) {
        subscribe();
    }
    verify(deadline);
    const int batch = std::clamp(most, 1, kMostAtOnce);
    std::vector<Message> out;
    take_pending(batch, out);
    try {
        // A request for many would stay open at the server after the first message. So: wait for one message,
        // then request the rest without waiting.
        if (out.empty()) {
            request(1, std::max(deadline.left() - Millis(5), Millis(1)), deadline, out);
        }
        if (const int missing = batch - static_cast<int>(out.size()); !out.empty() && missing > 0) {
            request(missing, Millis(0), connection_->deadline(kNoWaitTimeout), out);
        }
    } catch (const std::runtime_error& error) {
        verified_ = false;  // the next fetch reports the server's reason (no JetStream, no durable)
        if (out.empty()) {
            pause_until(deadline);
            throw Unavailable(error.what());
        }
    }
    return out;
}

void Consumer::Impl::acknowledge(const Message& message, const std::string& how) {
    if (message.reply.empty()) {
        return;
    }
    const auto status =
        natsConnection_PublishString(connection_->nats().get(), message.reply.c_str(), how.c_str());
    if (status != NATS_OK) {
        connection_->log().warn("acknowledgement not sent; the message will be redelivered",
                                {{"subject", message.subject}, {"error", natsStatus_GetText(status)}});
    }
}

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() = default;
Consumer::Consumer(Consumer&&) noexcept = default;

std::vector<Message> Consumer::fetch(int most, Millis timeout) {
    return impl_->fetch(most, timeout);
}
void Consumer::ack(const Message& message) {
    impl_->acknowledge(message, "+ACK");
}
void Consumer::term(const Message& message) {
    impl_->acknowledge(message, "+TERM");
}
void Consumer::working(const Message& message) {
    impl_->acknowledge(message, "+WPI");
}
Millis Consumer::ack_wait() const {
    return impl_->ack_wait();
}
void Consumer::nak(const Message& message, Millis delay) {
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(delay).count();
    impl_->acknowledge(message,
                       "-NAK " + JsonWriter().begin_object().key("delay").number(nanos).end_object().take());
}

}  // namespace lamda::bus
