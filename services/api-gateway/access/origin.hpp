// Parses origins of web pages (RFC 6454), in the form of a browser's header `Origin`.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "http/message.hpp"

namespace lamda::gateway {

/// Returns `*`, or scheme, host and port in a browser's form: lowercase, without the scheme's default port.
/// Drops a slash at the end. Refuses any form that browsers do not send. Errors: `invalid_origin`.
Result<std::string> parse_origin(std::string_view text);

/// Refuses the request of a web page of another site, for answers that a browser gives to every page,
/// whatever CORS says (WebSocket). Allowed: no `Origin` (not a browser), the gateway's own, and those in
/// `allowed`.
/// @throws problem::Problem 403 `foreign_origin`
void require_own_origin(const http::Request& request, const std::vector<std::string>& allowed);

}  // namespace lamda::gateway
