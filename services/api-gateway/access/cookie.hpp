// The session's cookie, and the requests that it is accepted from.
#pragma once

#include <string>

#include "http/message.hpp"
#include "services/api-gateway/config.hpp"

namespace lamda::gateway {

/// The token in the session's cookie; empty: none.
std::string session_cookie_of(const http::Request& request);
/// The value of Set-Cookie (RFC 6265). HttpOnly: scripts of a page cannot read it.
std::string set_session_cookie(const Config& config, const http::Request& request, const std::string& token);
/// The value of Set-Cookie that removes the cookie.
std::string clear_session_cookie(const Config& config, const http::Request& request);

}  // namespace lamda::gateway
