#include "services/api-gateway/feed/web_socket_session.hpp"

#include <iterator>
#include <utility>

#include "core/json_writer.hpp"
#include "services/api-gateway/feed/feed_request.hpp"
#include "services/api-gateway/feed/subscription.hpp"

namespace lamda::gateway {

namespace {

constexpr int kPolicyViolation = 1008;  // RFC 6455, section 7.4.1
constexpr int kInternalError = 1011;
/// Messages of one client that are answered before other clients get their turn.
constexpr int kMessagesAtOnce = 8;

/// `{"type":"subscribed"|"unsubscribed","channels":[…]}`
std::string channels_json(std::string_view type, const std::vector<Channel>& channels) {
    JsonWriter out;
    out.begin_object().key("type").text(type).key("channels").begin_array();
    for (const auto& channel : channels) {
        out.text(channel.name());
    }
    return out.end_array().end_object().take();
}

/// `{"type":"error","code","detail","errors":[{"pointer","code","detail"}]}`
std::string error_json(const problem::Problem& problem) {
    JsonWriter out;
    out.begin_object().key("type").text("error").key("code").text(problem.code);
    out.key("detail").text(problem.detail).key("errors").begin_array();
    for (const auto& error : problem.errors) {
        out.begin_object().key("pointer").text(error.pointer).key("code").text(error.code);
        out.key("detail").text(error.detail).end_object();
    }
    return out.end_array().end_object().take();
}

}  // namespace

bool WebSocketSession::keep(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (over_) {
        return false;
    }
    if (waiting_.size() + bytes.size() > kMostWaiting) {
        over_ = true;
        waiting_ = {};
        feed_->end(http::close_frame(kPolicyViolation, "too many requests"));
        return false;
    }
    waiting_.append(bytes);
    return !std::exchange(queued_, true);
}

bool WebSocketSession::answer(const Parts& parts) {
    const auto listener = listener_.lock();
    if (listener == nullptr) {
        return false;  // dropped, or the client has gone
    }
    bool over = false;
    if (read_.messages.empty() && !read_.over) {
        std::string bytes;
        {
            const std::lock_guard lock(mutex_);
            bytes = std::exchange(waiting_, {});
            over = over_;
        }
        auto received = reader_.receive(bytes);
        std::move(received.messages.begin(), received.messages.end(), std::back_inserter(read_.messages));
        read_.answer = std::move(received.answer);
        read_.over = received.over;
    }
    over = over || answer_some(parts, listener);
    if (over) {
        parts.feed.remove(listener);
    }
    const std::lock_guard lock(mutex_);
    over_ = over_ || over;
    queued_ = !over_ && (!waiting_.empty() || !read_.messages.empty() || read_.over);
    return queued_;
}

bool WebSocketSession::answer_some(const Parts& parts, const FeedHub::ListenerPtr& listener) {
    for (int i = 0; i < kMessagesAtOnce && !read_.messages.empty(); ++i) {
        if (feed_->closed()) {
            return true;
        }
        // A client that sends without reading would fill the memory with answers.
        if (feed_->full()) {
            feed_->end(http::close_frame(kPolicyViolation, "answers are not read"));
            return true;
        }
        answer_message(parts, listener, read_.messages.front());
        read_.messages.pop_front();
    }
    if (!read_.messages.empty()) {
        return false;  // other clients get their turn first
    }
    if (read_.over) {
        feed_->end(read_.answer);
    } else if (!read_.answer.empty()) {
        feed_->write(std::exchange(read_.answer, {}));
    }
    return read_.over;
}

void WebSocketSession::answer_message(const Parts& parts, const FeedHub::ListenerPtr& listener,
                                      const std::string& text) {
    const auto reply = [&](const std::string& json) { feed_->write(http::text_frame(json)); };
    try {
        const auto request = parse_web_socket_request(text, parts.feed.limits().channels);
        if (request.kind == WebSocketRequest::Kind::kUnsubscribe) {
            for (const auto& channel : request.channels) {
                parts.feed.detach(listener, channel);
            }
            return reply(channels_json("unsubscribed", request.channels));
        }
        const auto added = parts.feed.missing(listener, request.channels);
        if (parts.feed.channels_of(listener) + added.size() > parts.feed.limits().channels) {
            throw problem::invalid({"too_many", "too many channels of one connection", ""}, "/channels");
        }
        if (parts.feed.lags(listener)) {
            // A snapshot would come before events that wait, and move the client's place past them.
            throw problem::Problem{503, "feed_busy", "", "read the events that wait, then try again", {}, 1};
        }
        reply(channels_json("subscribed", request.channels));
        if (!added.empty()) {
            subscribe(parts, listener, added, request.after);
        }
    } catch (const problem::Problem& problem) {
        reply(error_json(problem));
    } catch (const std::exception& error) {
        // Any fault of the database: the client may try again.
        parts.log.debug("subscription failed", {{"reason", error.what()}});
        reply(error_json({503, "database_unavailable", "", "the database cannot be reached; try again", {}}));
    }
}

void WebSocketSession::abort(const Parts& parts) {
    feed_->end(http::close_frame(kInternalError, "try again"));
    if (const auto listener = listener_.lock()) {
        parts.feed.remove(listener);
    }
}

void WebSocketSessions::add(std::shared_ptr<WebSocketSession> session) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(session));
    changed_.notify_one();
}

void WebSocketSessions::run(const Parts& parts, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::shared_ptr<WebSocketSession> next;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
                return;
            }
            next = std::move(waiting_.front());
            waiting_.pop_front();
        }
        try {
            if (next->answer(parts)) {
                add(std::move(next));
            }
        } catch (...) {
            next->abort(parts);
            throw;
        }
    }
}

}  // namespace lamda::gateway
