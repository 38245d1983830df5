// Reads the parameters of a client of the live feed.
#pragma once

#include <optional>
#include <vector>

#include "http/message.hpp"
#include "services/api-gateway/feed/channel.hpp"
#include "services/api-gateway/feed/feed_event.hpp"

namespace lamda::gateway {

struct FeedRequest {
    std::vector<Channel> channels;   ///< without repetitions; at least one
    std::optional<FeedPlace> after;  ///< the client's place; nullopt: it begins with snapshots
};
/// Reads `?channel=` (several are allowed; none: `global`) and the place, from the header Last-Event-ID or
/// `?after=`; the header is preferred, because a browser repeats the query when it reconnects.
/// @throws problem::Problem 400 with all faults
FeedRequest parse_feed_request(const http::Request& request, std::size_t most_channels);

/// A message of a WebSocket client.
struct WebSocketRequest {
    enum class Kind { kSubscribe, kUnsubscribe } kind = Kind::kSubscribe;
    std::vector<Channel> channels;   ///< without repetitions; at least one
    std::optional<FeedPlace> after;  ///< of kSubscribe
};
/// Parses `{"type":"subscribe","channels":[…],"after":"…"}` or `{"type":"unsubscribe","channels":[…]}`.
/// @throws problem::Problem 400 with all faults
WebSocketRequest parse_web_socket_request(const std::string& json, std::size_t most_channels);

}  // namespace lamda::gateway
