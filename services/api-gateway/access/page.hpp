// Web pages that may act for the user of a browser, by the header `Origin` (RFC 6454).
#pragma once

#include "http/message.hpp"
#include "services/api-gateway/config.hpp"

namespace lamda::gateway {

/// True for a request of a page of this gateway's own origin, or of an origin in CORS_ALLOWED_ORIGINS that is
/// not `*`. Only such a page may use a cookie to change anything, or receive one: a browser sends cookies for
/// every page.
bool is_trusted_page(const Config& config, const http::Request& request);

/// Refuses a page of another site where a browser gives the answer to every page, whatever CORS says
/// (WebSocket). Allowed: no `Origin` (not a browser), trusted pages, and all with `*` in
/// CORS_ALLOWED_ORIGINS.
/// @throws problem::Problem 403 `foreign_origin`
void require_listed_page(const Config& config, const http::Request& request);

}  // namespace lamda::gateway
