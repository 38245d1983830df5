// Responses with a page of a list: {"items":[…],"next_cursor":null}.
#pragma once

#include "services/api-gateway/routes/api.hpp"
#include "views/body.hpp"
#include "views/page.hpp"

namespace lamda::gateway {

/// Query of a GET, or of a POST …/query with an object of scalars as body. @throws problem::Problem
inline views::ListRequest list_request(const http::Request& request) {
    if (request.method == "POST") {
        return {views::scalars_of(request.body), "/"};
    }
    return {request.query, "?"};
}

/// Returns the page's members, without the braces. next_cursor is null if no row follows.
inline std::string page_members(const std::string& list, const views::Page& page) {
    const std::string next = page.next.empty() ? "null" : "\"" + page.next + "\"";
    return "\"" + list + "\":" + page.items + ",\"next_cursor\":" + next;
}

/// True if the request asks for more rows than the default.
inline bool is_large_page(const http::Request& request) {
    try {
        const auto list = list_request(request);
        const auto limit = list.values.find("limit");
        const auto rows = limit == list.values.end() ? U256(0) : u256_from_decimal(limit->second).value_or(0);
        return rows > views::kDefaultLimit;
    } catch (const problem::Problem&) {
        return false;
    }
}

/// @throws problem::Problem
inline http::Response list_response(const Parts& parts, const views::Resource& resource,
                                    const http::Request& request) {
    const auto query = views::list_query(resource, list_request(request));
    const auto page = parts.database.transact(
        [&](store::Txn& txn) { return views::read_page(txn, resource, query, parts.memory); });
    return {200, "application/json", "{" + page_members("items", page) + "}", {}};
}

}  // namespace lamda::gateway
