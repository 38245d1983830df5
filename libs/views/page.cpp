#include "views/page.hpp"

#include <algorithm>

#include "core/json_writer.hpp"
#include "problem/problem.hpp"

namespace lamda::views {

namespace {

/// Memory of a row's columns of fixed length in libpq.
constexpr std::size_t kRowBytes = 1'536;

}  // namespace

std::size_t page_cost(const ListQuery& query) {
    // The rows, and the JSON made from them.
    return (query.limit + 1) * kRowBytes + 2 * query.page_bytes;
}

std::string row_json(const std::vector<const Field*>& fields, const store::Row& row) {
    JsonWriter out;
    out.begin_object();
    for (const auto* field : fields) {
        field->write(out.key(field->name), field->column, row);
    }
    return out.end_object().take();
}

std::optional<Count> read_count(store::Txn& txn, const ListQuery& query) {
    if (query.count_sql.empty()) {
        return std::nullopt;
    }
    const auto row = txn.one(query.count_sql, query.count_params);
    return Count{std::min<std::size_t>(row.get<std::uint64_t>("matching"), kMostCounted),
                 row.get<std::uint64_t>("looked_at") <= kMostCounted};
}

Page read_page(store::Txn& txn, const ListQuery& query, MemoryBudget& budget) {
    return read_page(txn, query, budget, [&](const store::Row& row) { return row_json(query.fields, row); });
}

Page read_page(store::Txn& txn, const ListQuery& query, MemoryBudget& budget,
               const std::function<std::string(const store::Row&)>& to_json) {
    const auto share = budget.take(page_cost(query));
    if (!share) {
        throw problem::Problem{503,
                               "answers_too_large",
                               "",
                               "too many large answers in progress; try again later, or use a smaller limit",
                               {}};
    }
    const auto rows = txn.exec(query.sql, query.params);
    Page out;
    out.items = "[";
    for (; out.count < std::min(rows.size(), query.limit); ++out.count) {
        if (!rows[out.count].get<bool>("matches")) {
            out.next = cursor_of(query, rows[out.count]);
            break;
        }
        const std::string item = to_json(rows[out.count]);
        if (out.count > 0 && out.items.size() + item.size() > query.page_bytes) {
            break;
        }
        out.items += out.count > 0 ? "," : "";
        out.items += item;
    }
    out.items += "]";
    const bool more_follow =
        out.count < rows.size() || (out.count > 0 && rows[out.count - 1].get<bool>("is_last_looked_at"));
    if (out.next.empty() && more_follow) {
        out.next = cursor_of(query, rows[out.count - 1]);
    }
    return out;
}

}  // namespace lamda::views
