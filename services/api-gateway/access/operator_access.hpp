// Access of the operator: the bearer token of a request against OPERATOR_TOKEN.
#pragma once

#include <optional>

#include "http/message.hpp"
#include "services/api-gateway/access/token_guard.hpp"
#include "services/api-gateway/config.hpp"

namespace lamda::gateway {

/// Returns the token of `Bearer <token>`; the scheme is case-insensitive (RFC 9110, section 11.1). Empty:
/// another scheme.
std::string bearer_of(const std::string& credentials);
/// The bearer token of the request; empty: none.
std::string bearer_token(const http::Request& request);

/// Returns the refusal of a request without the operator's token: 401, 403 (no token is configured), or 429
/// (too many wrong tokens from this client); nullopt: accepted.
std::optional<http::Response> check_token(const Config& config, TokenGuard& guard,
                                          const http::Request& request);

}  // namespace lamda::gateway
