// Translates a list's query to SQL: the fields that may be asked for, their types and comparisons. Unknown
// fields are refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "store/database.hpp"

namespace lamda::views {

enum class FieldType {
    kText,
    kAddress,
    kBytes32,
    kAmount,
    kBoolean,
    kTime,
    kStatus,
    kChainState,
    kWorkState
};

/// One thing that a list can be filtered by.
struct Filter {
    std::string_view name;    ///< as in the request
    std::string_view column;  ///< of the view
    std::string_view op;      ///< =, >=, <=
    FieldType type;
    bool indexed = false;  ///< an index serves it together with the list's order
};

/// One column of the sort key. All of them together are unique.
struct SortColumn {
    std::string_view column;
    std::string_view sql_type;
};

/// A list resource: what it reads, what it can be filtered by, in which order it stands, how a row looks.
struct Resource {
    std::string_view view;
    std::vector<std::string_view> columns;  ///< those that `to_json` reads, and those of `order`
    std::vector<std::string_view> texts;    ///< of `columns`, those whose length varies
    std::string_view condition;             ///< always true of its rows; of `columns`
    std::vector<Filter> filters;
    std::vector<SortColumn> order;
    bool descending;
    std::string (*to_json)(const store::Row& row);
};

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMostLimit = 1000;
/// Rows that are looked at for one page. A filter that no index serves is applied to these alone: when they
/// end, the page ends, and its cursor goes on after them.
constexpr std::size_t kMostLookedAt = 5'000;
/// Text of one page: rows that would exceed it are left to the next page.
constexpr std::size_t kMostPageBytes = 2U << 20;

/// A query as text values by name; `prefix` of the names in errors: `?` for a query string, `/` for a body.
struct ListRequest {
    std::multimap<std::string, std::string> values;
    std::string prefix;
};
/// Query of a GET, or of a POST …/query: the same as an object of scalars. @throws http::Problem
ListRequest list_request(const http::Request& request);

struct ListQuery {
    std::string sql;
    std::vector<store::Param> params;
    std::size_t limit;
    std::size_t page_bytes;  ///< of the rows' texts, and of the page's JSON
};
/// The columns of a row, for SELECT.
std::string select_list(const Resource& resource);
/// One row more than `limit` is asked for, to know whether a next page exists; the sort key comes as
/// cursor_0, cursor_1… A row whose `matches` is false is not of the list; after one
/// that `is_last_looked_at` the next page begins.
/// The database sends rows until their texts have `page_bytes`, and the row after them.
/// @param page_bytes the most, whatever `limit` is asked for
/// @throws http::Problem naming every wrong field
ListQuery list_query(const Resource& resource, const ListRequest& request,
                     std::size_t page_bytes = kMostPageBytes);
/// Cursor of the page that begins after this row.
std::string cursor_of(const Resource& resource, const store::Row& row);

}  // namespace lamda::views
