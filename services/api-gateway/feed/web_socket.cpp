// Route GET /api/ws: the live feed over a WebSocket (RFC 6455).
#include <algorithm>

#include "crypto/sha1.hpp"
#include "services/api-gateway/access/page.hpp"
#include "services/api-gateway/feed/feed_request.hpp"
#include "services/api-gateway/feed/subscription.hpp"
#include "services/api-gateway/feed/web_socket_session.hpp"

namespace lamda::gateway {

namespace {

constexpr auto kVersion = "13";
constexpr int kTryAgainLater = 1013;  // registry of RFC 6455, section 11.7

class WebSocketSink : public FeedSink {
  public:
    WebSocketSink(std::shared_ptr<http::Feed> feed, std::shared_ptr<WebSocketSession> session)
        : feed_(std::move(feed)), session_(std::move(session)) {}

    bool send(const FeedMessage& message) override { return feed_->write(message.frame); }
    void begin(const FeedMessage& message) override { feed_->push(message.frame); }
    void beat() override {
        static const auto ping = std::make_shared<const std::string>(http::ping_frame());
        feed_->write(ping);
    }
    void drop(DropReason reason) override {
        feed_->end(*drop_message(reason).frame + http::close_frame(kTryAgainLater, "see the last message"));
    }
    bool closed() const override { return feed_->closed(); }

  private:
    const std::shared_ptr<http::Feed> feed_;
    const std::shared_ptr<WebSocketSession> session_;  ///< lives as long as its listener
};

std::string header(const http::Request& request, const std::string& name) {
    const auto at = request.headers.find(name);
    return at == request.headers.end() ? "" : at->second;
}

bool is_word(std::string_view text, std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

bool asks_for_upgrade(const http::Request& request) {
    return request.method == "GET" && is_word(header(request, "upgrade"), "websocket") &&
           header(request, "sec-websocket-version") == kVersion;
}

/// 426 with the headers of RFC 9110, section 15.5.22, and RFC 6455, section 4.4.
http::Response upgrade_required(const http::Request& request) {
    auto out = http::to_response(
        {426, "upgrade_required", "", "this path is a WebSocket: send its handshake, version 13", {}},
        request);
    out.headers.emplace_back("Upgrade", "websocket");
    out.headers.emplace_back("Sec-WebSocket-Version", kVersion);
    return out;
}

/// Checks the rest of the client's handshake (section 4.2.1). @throws problem::Problem 400
std::string read_key(const http::Request& request) {
    auto key = header(request, "sec-websocket-key");
    const bool is_base64 =
        key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
                   c == '/';
        });
    if (!is_base64) {
        throw problem::invalid({"invalid_key", "must be 16 bytes in base64", ""}, "Sec-WebSocket-Key");
    }
    return key;
}

http::Response web_socket(const Parts& parts, const http::Request& request) {
    require_listed_page(parts.config, request);
    if (!asks_for_upgrade(request)) {
        return upgrade_required(request);
    }
    const auto key = read_key(request);
    const auto wanted = parse_feed_request(request, parts.feed.limits().channels);
    http::Response out{101, "", "", {}};
    out.headers = {
        {"Upgrade", "websocket"},
        {"Sec-WebSocket-Accept", crypto::sha1_base64(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")}};
    out.feed = std::make_shared<http::Feed>();
    const auto session = std::make_shared<WebSocketSession>(out.feed);
    const auto listener = parts.feed.add(std::make_unique<WebSocketSink>(out.feed, session), request.client);
    session->set_listener(listener);
    out.feed->on_input([weak = std::weak_ptr(session), &sessions = parts.sessions](std::string_view bytes) {
        if (const auto held = weak.lock(); held != nullptr && held->keep(bytes)) {
            sessions.add(held);
        }
    });
    try {
        if (request.query.contains("channel")) {
            subscribe(parts, listener, wanted.channels, wanted.after);
        }
    } catch (...) {
        parts.feed.remove(listener);
        throw;
    }
    return out;
}

}  // namespace

void add_web_socket(http::Server& server, const Parts& parts) {
    add_route(server, parts, "GET", "/api/ws",
              [&parts](const http::Request& request) { return web_socket(parts, request); });
}

}  // namespace lamda::gateway
