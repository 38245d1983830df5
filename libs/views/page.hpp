// One page of a list, read and written as JSON within a budget of bytes.
#pragma once

#include <functional>
#include <optional>
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

struct Count {
    std::size_t rows = 0;
    bool is_exact = true;  ///< false: the list has at least `rows`
};

/// Bytes that a page of this query may use while it is read and written.
std::size_t page_cost(const ListQuery& query);

/// Reads as many rows as `query.limit` and `query.page_bytes` allow, at least one if any exists: a page ends
/// early instead of growing. Rows that do not fit follow on the next page. @throws problem::Problem 503
/// `answers_too_large`, before reading, if the budget is exhausted
Page read_page(store::Txn& txn, const ListQuery& query, MemoryBudget& budget);
/// The same with another JSON of a row. @param to_json called in the list's order, also for a row that then
/// does not fit
Page read_page(store::Txn& txn, const ListQuery& query, MemoryBudget& budget,
               const std::function<std::string(const store::Row&)>& to_json);

/// Counts the rows of all pages, among the first kMostCounted in the list's order; nullopt: the query wants
/// no count.
std::optional<Count> read_count(store::Txn& txn, const ListQuery& query);

/// The row's fields as a REST object (JSON).
std::string row_json(const std::vector<const Field*>& fields, const store::Row& row);

}  // namespace lamda::views
