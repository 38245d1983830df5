// Redirects of content stores, followed by hand: subdomain gateways answer `/ipfs/<cid>` with
// `<cid>.ipfs.<host>` (https://specs.ipfs.tech/http-gateways/subdomain-gateway/). Nobody is trusted more for
// it: what comes in the end is verified like any block.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/transport.hpp"

namespace lamda::ipfs {

inline constexpr int kMostRedirects = 5;

/// Where `location` leads from `base` (RFC 3986, section 5.2, as far as http needs it). Absent: not to an
/// http or https URL, or malformed.
std::optional<std::string> resolve_location(std::string_view base, std::string_view location);

/// Sends the request, and again where a 301, 302, 303, 307 or 308 points, at most kMostRedirects times, with
/// the same method. The timeout is for all together. The last answer comes back, whatever its status.
/// For requests that carry no secret and change nothing only. @throws net::TransportError
net::HttpResponse send_following(net::Transport& http, net::HttpRequest request);

}  // namespace lamda::ipfs
