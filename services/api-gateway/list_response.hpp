// A page of a list: {"items":[…],"next_cursor":null}.
#pragma once

#include "http/message.hpp"
#include "list_query.hpp"

namespace lamda::gateway {

/// Whole pages only: next_cursor is null when no row follows. @throws http::Problem
inline http::Response list_response(store::Database& database, const Resource& resource,
                                    const http::Request& request, std::string (*to_json)(const store::Row&)) {
    const ListQuery query = list_query(resource, list_request(request));
    const store::Rows rows =
        database.transact([&](store::Txn& txn) { return txn.exec(query.sql, query.params); });
    const std::size_t shown = std::min(rows.size(), query.limit);
    std::string body = "{\"items\":[";
    for (std::size_t i = 0; i < shown; ++i) {
        body += i == 0 ? "" : ",";
        body += to_json(rows[i]);
    }
    body += "],\"next_cursor\":";
    body += rows.size() > shown ? "\"" + cursor_of(resource, rows[shown - 1]) + "\"" : "null";
    return {200, "application/json", body + "}", {}};
}

}  // namespace lamda::gateway
