// REST reference of the gateway: proto/openapi.yaml as JSON, and a page for people. render.py makes both when
// the gateway is built.
#pragma once

#include <string_view>

#include "http/server.hpp"

namespace lamda::gateway {

/// proto/openapi.yaml as JSON.
std::string_view openapi_json();
/// Page in HTML that needs nothing from elsewhere.
std::string_view reference_page();
/// Content-Security-Policy under which the page, and nothing else, has style and script.
std::string_view reference_policy();

/// Adds `GET /openapi.json` and `GET /docs`.
void add_reference(http::Server& server);

}  // namespace lamda::gateway
