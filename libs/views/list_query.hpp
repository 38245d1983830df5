// SQL of a list query: the allowed fields, their types and comparisons. Unknown fields are refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/problem.hpp"
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

/// A field that a list can be filtered by.
struct Filter {
    std::string_view name;    ///< as in the request
    std::string_view column;  ///< of the view
    std::string_view op;      ///< =, >=, <=
    FieldType type;
    bool indexed = false;  ///< served by an index together with the list's order
};

/// A column of the sort key. The whole key is unique.
struct SortColumn {
    std::string_view column;
    std::string_view sql_type;
};

/// A list: its view, filters, order, and the JSON of a row.
struct Resource {
    std::string_view view;
    std::vector<std::string_view> columns;  ///< the columns that `to_json` reads, and those of `order`
    std::vector<std::string_view> texts;    ///< the columns of variable length
    std::string_view condition;  ///< SQL condition on `columns` that every row of the list satisfies
    std::vector<Filter> filters;
    std::vector<SortColumn> order;
    bool descending;
    std::string (*to_json)(const store::Row& row);
};

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMostLimit = 1000;
/// Rows that are examined for one page. A filter without an index applies to these only: the page ends after
/// them, and its cursor continues there.
constexpr std::size_t kMostLookedAt = 5'000;
/// Most bytes of one page: further rows follow on the next page.
constexpr std::size_t kMostPageBytes = 2U << 20;

/// A query as text values by name; `prefix` is the prefix of names in errors: `?` for a query string, `/` for
/// a body.
struct ListRequest {
    std::multimap<std::string, std::string> values;
    std::string prefix;
};

struct ListQuery {
    std::string sql;
    std::vector<store::Param> params;
    std::size_t limit;
    std::size_t page_bytes;  ///< limit of the rows' texts, and of the page's JSON
};
/// The columns of a row, for SELECT.
std::string select_list(const Resource& resource);
/// Selects one row more than `limit`, to detect a next page; the sort key is in cursor_0, cursor_1… A row
/// whose `matches` is false is not part of the list; after a row with `is_last_looked_at` the next page
/// begins. The database sends rows until their texts reach `page_bytes`, and one row more. @param page_bytes
/// upper bound, whatever `limit` is requested @throws problem::Problem naming every wrong field
ListQuery list_query(const Resource& resource, const ListRequest& request,
                     std::size_t page_bytes = kMostPageBytes);
/// Cursor of the page that begins after this row.
std::string cursor_of(const Resource& resource, const store::Row& row);

}  // namespace lamda::views
