// Responses with a page of a list: {"items":[…],"next_cursor":null}.
#pragma once

#include "core/json_writer.hpp"
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

/// Writes the page's members. next_cursor is null if no row follows.
inline void add_page(JsonWriter& out, std::string_view list, const views::Page& page) {
    out.key(list).raw(page.items).key("next_cursor");
    if (page.next.empty()) {
        out.null();
    } else {
        out.text(page.next);
    }
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
    JsonWriter out;
    out.begin_object();
    add_page(out, "items", page);
    return {200, "application/json", out.end_object().take(), {}};
}

}  // namespace lamda::gateway
