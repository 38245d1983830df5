// SQL of a list query: the allowed fields, their types and comparisons. Unknown fields are refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/problem.hpp"
#include "views/list_request.hpp"
#include "views/resource.hpp"

namespace lamda::views {

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMostLimit = 1000;
/// Rows that are examined for one page. A filter without an index applies to these only: the page ends after
/// them, and its cursor continues there.
constexpr std::size_t kMostLookedAt = 5'000;
/// Rows that are examined for a count.
constexpr std::size_t kMostCounted = 10'000;
/// Most bytes of one page: further rows follow on the next page.
constexpr std::size_t kMostPageBytes = 2U << 20;

struct ListQuery {
    std::string sql;
    std::vector<store::Param> params;
    std::size_t limit = kDefaultLimit;
    std::size_t page_bytes = 0;  ///< limit of the rows' texts, and of the page's JSON
    const Sort* sort = nullptr;  ///< of the resource
    bool is_default_sort = true;
    std::vector<const Field*> fields;  ///< of a row's JSON
    bool sparse = false;               ///< the request has chosen the fields
    std::string count_sql;             ///< empty: no count is wanted
    std::vector<store::Param> count_params;
};
/// The columns of a row with all fields, for SELECT.
std::string select_list(const Resource& resource);
/// Selects one row more than `limit`, to detect a next page; the sort key is in cursor_0, cursor_1… A row
/// whose `matches` is false is not part of the list; after a row with `is_last_looked_at` the next page
/// begins. The database sends rows until their texts reach `page_bytes`, and one row more. @param page_bytes
/// upper bound, whatever `limit` is requested @throws problem::Problem naming every wrong field
ListQuery list_query(const Resource& resource, const ListRequest& request,
                     std::size_t page_bytes = kMostPageBytes);
/// Cursor of the page that begins after this row. It belongs to the query's order.
std::string cursor_of(const ListQuery& query, const store::Row& row);

}  // namespace lamda::views
