// Responses with a page of a list: {"items":[…],"next_cursor":null}.
#pragma once

#include <map>
#include <string>

#include "core/json_writer.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "views/page.hpp"

namespace lamda::gateway {

/// Query of a GET, or of a POST …/query with an object as body. @throws problem::Problem
views::ListRequest list_request(const http::Request& request);

/// Writes the page's members. next_cursor is null if no row follows.
void add_page(JsonWriter& out, std::string_view list, const views::Page& page);

/// True if the request asks for more rows than the default, or for a count.
bool is_large_page(const http::Request& request);

/// Answers with a page, in which a client may choose the fields, and ask for a count.
/// @param fixed filters that the path gives @throws problem::Problem
http::Response list_response(const Parts& parts, const views::Resource& resource,
                             const http::Request& request,
                             const std::map<std::string, std::string>& fixed = {});

/// Returns the answer with a header Link to the next page (RFC 8288, relation `next`), if one follows.
http::Response with_link(http::Response response, const http::Request& request, const std::string& next);

}  // namespace lamda::gateway
