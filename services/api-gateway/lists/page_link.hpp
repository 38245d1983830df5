// URI of a list's next page.
#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace lamda::gateway {

/// Escapes everything but the unreserved characters of RFC 3986, section 2.3, and `keep`.
std::string percent_encoded(std::string_view text, std::string_view keep = "");

/// Returns the request's path and query with another cursor, as a relative reference of ASCII. For a POST
/// …/query it is the GET of the same list.
/// @param request a GET with a query that its list has accepted, or a POST …/query with such a body
std::string next_page(const http::Request& request, const std::string& cursor);

}  // namespace lamda::gateway
