// One page of a list, read and written as JSON within a budget of bytes.
#pragma once

#include <functional>
#include <string>

#include "core/memory_budget.hpp"
#include "store/database.hpp"
#include "views/list_query.hpp"

namespace lamda::views {

struct Page {
    std::string items;  ///< a JSON array
    std::size_t count = 0;
    std::string next;  ///< cursor of the next page; empty: last page
};

/// Bytes that a page of this query may use while it is read and written.
std::size_t page_cost(const ListQuery& query);

/// Reads as many rows as `query.limit` and `query.page_bytes` allow, at least one if any exists: a page ends
/// early instead of growing. Rows that do not fit follow on the next page. @throws problem::Problem 503
/// `answers_too_large`, before reading, if the budget is exhausted
Page read_page(store::Txn& txn, const Resource& resource, const ListQuery& query, MemoryBudget& budget);
/// The same with another JSON of a row. @param to_json called in the list's order, also for a row that then
/// does not fit
Page read_page(store::Txn& txn, const Resource& resource, const ListQuery& query, MemoryBudget& budget,
               const std::function<std::string(const store::Row&)>& to_json);

}  // namespace lamda::views
