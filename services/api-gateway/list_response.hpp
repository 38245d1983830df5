// A page of a list: {"items":[…],"next_cursor":null}.
#pragma once

#include <algorithm>

#include "http/message.hpp"
#include "views/list_query.hpp"

namespace lamda::gateway {

/// Its members, without the braces. Whole pages only: next_cursor is null when no row follows.
inline std::string page_members(const std::string& list, const views::Resource& resource,
                                const views::ListQuery& query, const store::Rows& rows) {
    const std::size_t shown = std::min(rows.size(), query.limit);
    const std::string next =
        rows.size() > shown ? "\"" + views::cursor_of(resource, rows[shown - 1]) + "\"" : "null";
    return "\"" + list + "\":" + views::array_of(resource, rows, shown) + ",\"next_cursor\":" + next;
}

/// @throws http::Problem
inline http::Response list_response(store::Database& database, const views::Resource& resource,
                                    const http::Request& request) {
    const auto query = views::list_query(resource, views::list_request(request));
    const auto rows = database.transact([&](store::Txn& txn) { return txn.exec(query.sql, query.params); });
    return {200, "application/json", "{" + page_members("items", resource, query, rows) + "}", {}};
}

}  // namespace lamda::gateway
