// One page of a list: read and written as JSON within a budget of bytes.
#pragma once

#include <string>

#include "http/memory_budget.hpp"
#include "store/database.hpp"
#include "views/list_query.hpp"

namespace lamda::views {

struct Page {
    std::string items;  ///< a JSON array
    std::size_t count = 0;
    std::string next;  ///< the cursor of the next page; empty: there is none
};

/// The bytes that a page of this query may take while it is read and written.
std::size_t page_cost(const ListQuery& query);

/// Reads as many rows as `query.limit` and `query.page_bytes` allow, and at least one if there is one: a page
/// ends early instead of being large. Rows that do not fit follow on the next page.
/// @throws http::Problem 503 `answers_too_large` before anything is read, when the budget has no room for it
Page read_page(store::Txn& txn, const Resource& resource, const ListQuery& query, http::MemoryBudget& budget);

}  // namespace lamda::views
