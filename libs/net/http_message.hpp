// One HTTP exchange as values: what is asked, what is answered, why there is no answer.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "core/clock.hpp"

namespace lamda::net {

/// No answer was got. What the caller may do: try again, or elsewhere.
class TransportError : public std::runtime_error {
  public:
    enum class Kind { kConnect, kTimeout, kTls, kCut, kTooLarge, kBadUrl, kCancelled, kOther };
    TransportError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
    Kind kind() const { return kind_; }

  private:
    Kind kind_;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method = "GET";
    std::string url;          ///< http:// or https://; credentials in it are never logged
    std::string unix_socket;  ///< when set, connect there and use `url` for Host and path only
    Headers headers;
    std::string body;
    /// Streams an upload from a file instead of `body`.
    std::string body_file;
    /// When set, body or body_file is sent as multipart/form-data: one part named `file`, with this filename.
    std::string multipart_name;
    Millis timeout{10'000};  ///< for the whole exchange; 0: none (streams)
    Millis connect_timeout{5'000};
    std::size_t max_body = 64U << 20;  ///< larger answers, streamed ones too: TransportError kTooLarge
    /// When set, the answer's body goes here in pieces instead of into HttpResponse::body; false stops
    /// (kCancelled). What it throws comes out of send(). Compressed answers are not asked for then.
    std::function<bool(BytesView)> on_data;
    /// A stop requested here ends the exchange within about a second, also when no data comes (kCancelled).
    std::stop_token stop;
};

struct HttpResponse {
    int status = 0;
    Headers headers;
    std::string body;
    /// Case-insensitive.
    std::optional<std::string> header(std::string_view name) const;
};

/// How long the server asks to be left alone, from now (RFC 9110, section 10.2.3: seconds, or a date).
/// Absent: it does not say, or not in a form that can be read.
std::optional<Millis> retry_after(const HttpResponse& response);

/// scheme://host:port, without user, password, path or query: what a log may show.
std::string redact_url(std::string_view url);
/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
std::string url_encode(std::string_view text);

}  // namespace lamda::net
