// Redirects of content stores: subdomain gateways redirect `/ipfs/<cid>` to `<cid>.ipfs.<host>`
// (https://specs.ipfs.tech/http-gateways/subdomain-gateway/). Redirects need no trust: the result is verified
// like any block.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/transport.hpp"

namespace lamda::ipfs {

inline constexpr int kMostRedirects = 5;

/// Resolves `location` against `base` (RFC 3986, section 5.2, as far as http needs it). Absent: malformed, or
/// neither an http nor an https URL.
std::optional<std::string> resolve_location(std::string_view base, std::string_view location);

/// Sends the request, and follows 301, 302, 303, 307 and 308 at most kMostRedirects times, with the same
/// method. The timeout covers all requests. Returns the last answer, whatever its status. Only for requests
/// without a secret that change nothing. @throws net::TransportError
net::HttpResponse send_following(net::Transport& http, net::HttpRequest request);

}  // namespace lamda::ipfs
