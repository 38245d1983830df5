// One HTTP exchange as values: request, answer, and the error if there is no answer.
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

/// No answer was received. `kind` shows what the caller can do: retry, or use another endpoint.
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
    std::string url;          ///< http:// or https://; its credentials are never logged
    std::string unix_socket;  ///< if set, connects there; `url` is for Host and path only
    Headers headers;
    std::string body;
    /// Streams an upload from a file instead of `body`.
    std::string body_file;
    /// If set, body or body_file is sent as multipart/form-data: one part named `file`, with this filename.
    std::string multipart_name;
    Millis timeout{10'000};  ///< for the whole exchange; 0: none (streams)
    Millis connect_timeout{5'000};
    std::size_t max_body = 64U << 20;  ///< larger answers, streamed ones too: TransportError kTooLarge
    /// If set, receives the answer's body in pieces instead of HttpResponse::body; false stops (kCancelled).
    /// Its exceptions are rethrown by send(). Compressed answers are not requested then.
    std::function<bool(BytesView)> on_data;
    /// A stop requested here ends the exchange within about a second, even without data (kCancelled).
    std::stop_token stop;
};

struct HttpResponse {
    int status = 0;
    Headers headers;
    std::string body;
    /// Case-insensitive.
    std::optional<std::string> header(std::string_view name) const;
};

/// Time from now until the server accepts a retry (RFC 9110, section 10.2.3: seconds, or a date).
/// Absent: no header, or an unreadable one.
std::optional<Millis> retry_after(const HttpResponse& response);

/// scheme://host:port, without user, password, path or query: safe for a log.
std::string redact_url(std::string_view url);
/// Percent-encodes everything except unreserved characters (RFC 3986, section 2.3).
std::string url_encode(std::string_view text);

}  // namespace lamda::net
