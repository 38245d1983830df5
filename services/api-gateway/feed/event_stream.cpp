// Route GET /api/events: the live feed as server-sent events (HTML Living Standard, section 9.2).
#include "http/feed.hpp"
#include "services/api-gateway/access/page.hpp"
#include "services/api-gateway/feed/feed_request.hpp"
#include "services/api-gateway/feed/subscription.hpp"

namespace lamda::gateway {

namespace {

class EventStream : public FeedSink {
  public:
    explicit EventStream(std::shared_ptr<http::Feed> feed) : feed_(std::move(feed)) {}

    bool send(const FeedMessage& message) override { return feed_->write(message.bytes); }
    void begin(const FeedMessage& message) override { feed_->push(message.bytes); }
    void beat() override {
        static const auto comment = std::make_shared<const std::string>(":\n\n");
        feed_->write(comment);
    }
    void drop(DropReason reason) override { feed_->end(*drop_message(reason).bytes); }
    bool closed() const override { return feed_->closed(); }

  private:
    const std::shared_ptr<http::Feed> feed_;
};

http::Response event_stream(const Parts& parts, const http::Request& request) {
    require_listed_page(parts.config, request);
    const auto wanted = parse_feed_request(request, parts.feed.limits().channels);
    http::Response out{200, "text/event-stream", "", {}};
    // Proxies such as nginx would keep events until their buffer is full.
    out.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    if (request.method == "HEAD") {
        return out;
    }
    out.feed = std::make_shared<http::Feed>();
    const auto listener = parts.feed.add(std::make_unique<EventStream>(out.feed), request.client);
    try {
        subscribe(parts, listener, wanted.channels, wanted.after);
    } catch (...) {
        parts.feed.remove(listener);
        throw;
    }
    return out;
}

}  // namespace

void add_event_stream(http::Server& server, const Parts& parts) {
    add_route(server, parts, "GET", "/api/events",
              [&parts](const http::Request& request) { return event_stream(parts, request); });
}

}  // namespace lamda::gateway
