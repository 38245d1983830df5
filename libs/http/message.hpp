// Requests and answers of HTTP.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "problem/problem.hpp"

namespace lamda::http {

class BodyStream;
class Feed;

struct Request {
    std::string method;
    std::string path;
    std::map<std::string, std::string> params;  ///< values of the route's `{name}` segments
    std::multimap<std::string, std::string> query;
    std::map<std::string, std::string> headers;  ///< names in lowercase
    std::string body;
    /// The body of a route that streams it, whose `body` is empty (http/body_stream.hpp). Null: another
    /// route.
    BodyStream* stream = nullptr;
    std::string remote_addr;  ///< numeric address of the peer
    std::string client;       ///< the peer, or the client of a trusted proxy (http/client_address.hpp)
    bool secure = false;      ///< a trusted proxy received the request over TLS
    std::string request_id;   ///< made by the server; echoed as X-Request-Id
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    /// Set: `body` is empty, and the answer's end is that of the connection (http/feed.hpp).
    std::shared_ptr<Feed> feed = nullptr;
    /// Content-Length of what the feed sends: a feed that ends before it leaves an incomplete message, which
    /// clients detect (RFC 9112, section 8). Without a feed, in an answer to HEAD: that of the answer to GET.
    std::optional<std::uint64_t> length = std::nullopt;
};

/// The document of the problem as `application/problem+json`, with Retry-After where the problem has one, and
/// for a 503.
Response to_response(const problem::Problem& problem, const Request& request);

}  // namespace lamda::http
