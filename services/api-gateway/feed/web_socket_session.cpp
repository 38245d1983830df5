#include "services/api-gateway/feed/web_socket_session.hpp"

#include <utility>

#include "core/json_writer.hpp"
#include "services/api-gateway/feed/feed_request.hpp"
#include "services/api-gateway/feed/subscription.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

namespace {

constexpr int kPolicyViolation = 1008;  // RFC 6455, section 7.4.1

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
    std::string bytes;
    {
        const std::lock_guard lock(mutex_);
        bytes = std::exchange(waiting_, {});
    }
    const auto listener = listener_.lock();
    if (listener == nullptr) {
        return false;  // dropped, or the client has gone
    }
    const auto received = reader_.receive(bytes);
    bool unread = false;
    for (const auto& text : received.messages) {
        // A client that sends without reading would fill the memory with answers.
        if (feed_->full()) {
            unread = true;
            break;
        }
        answer_message(parts, listener, text);
    }
    const bool over = received.over || unread;
    if (over) {
        feed_->end(unread ? http::close_frame(kPolicyViolation, "answers are not read") : received.answer);
        parts.feed.remove(listener);
    } else if (!received.answer.empty()) {
        feed_->write(received.answer);
    }
    const std::lock_guard lock(mutex_);
    over_ = over_ || over;
    queued_ = !over_ && !waiting_.empty();
    return queued_;
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
        reply(channels_json("subscribed", request.channels));
        if (!added.empty()) {
            subscribe(parts, listener, added, request.after);
        }
    } catch (const problem::Problem& problem) {
        reply(error_json(problem));
    } catch (const store::Unavailable&) {
        reply(error_json({503, "database_unavailable", "", "the database cannot be reached; try again", {}}));
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
        if (next->answer(parts)) {
            add(std::move(next));
        }
    }
}

}  // namespace lamda::gateway
