#include "views/list_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "views/cursor.hpp"
#include "views/detail/parsed_query.hpp"

namespace lamda::views {

namespace {

using detail::AppliedFilter;
using detail::ParsedQuery;

std::string_view sql_type(FieldType type) {
    switch (type) {
        case FieldType::kAddress:
        case FieldType::kBytes32:
        case FieldType::kSpecCid:
            return "bytea";
        case FieldType::kAmount:
            return "numeric";
        case FieldType::kBoolean:
            return "boolean";
        case FieldType::kTime:
            return "timestamptz";
        case FieldType::kText:
        case FieldType::kStatus:
        case FieldType::kChainState:
        case FieldType::kWorkState:
            return "text";
    }
    return "text";
}

/// Size of a page: this much for each requested row, and `kLeastPageBytes`.
constexpr std::size_t kRowShare = 4'096;
constexpr std::size_t kLeastPageBytes = 64U << 10;

template <class Names>
std::string joined(const Names& names) {
    return fmt::format("{}", fmt::join(names, ", "));
}

/// SQL that prints a column of the sort key, and SQL that reads it back.
std::string printed(const SortColumn& column) {
    return column.sql_type == "timestamptz"
               ? fmt::format("(extract(epoch FROM {}) * 1000000)::bigint::text", column.column)
               : fmt::format("{}::text", column.column);
}
std::string read_back(const SortColumn& column, std::size_t number) {
    return column.sql_type == "timestamptz"
               ? fmt::format("'epoch'::timestamptz + ${}::bigint * interval '1 microsecond'", number)
               : fmt::format("${}::{}", number, column.sql_type);
}

/// Columns that the query reads: of the fields, the order, the filters, and those of every row; each once.
std::vector<std::string_view> columns_of(const Resource& resource, const ParsedQuery& query) {
    std::vector<std::string_view> out = resource.columns;
    for (const auto* field : query.fields) {
        out.push_back(field->column);
    }
    for (const auto& column : query.sort->key) {
        out.push_back(column.column);
    }
    for (const auto& applied : query.filters) {
        out.push_back(applied.filter->column);
    }
    std::set<std::string_view> seen;
    std::erase_if(out, [&](std::string_view column) { return !seen.insert(column).second; });
    return out;
}

/// The WHERE of a page: the part that an index serves together with the order, and the rest.
struct Conditions {
    std::string served = "true";
    /// Not empty: rows also satisfy one of these, each of which an index serves together with `served`.
    std::vector<std::string> branches;
    std::string others;
};

/// Writes the conditions of one statement, and collects its parameters.
class ConditionWriter {
  public:
    ConditionWriter(const Resource& resource, std::vector<store::Param>& params) : params_(params) {
        out_.others = resource.condition;
    }

    void add(const AppliedFilter& applied) {
        const Filter& filter = *applied.filter;
        // At most one index: with two, PostgreSQL may read one of them and discard an unlimited number of
        // rows.
        const bool by_index = filter.indexed && !has_indexed_;
        has_indexed_ = has_indexed_ || by_index;
        std::vector<std::string> any;
        for (const auto& value : applied.values) {
            params_.push_back(value);
            any.push_back(condition(filter, by_index));
        }
        if (any.size() == 1) {
            (by_index ? out_.served : out_.others) += " AND " + any.front();
        } else if (by_index) {
            out_.branches = std::move(any);
        } else {
            out_.others += fmt::format(" AND ({})", fmt::join(any, " OR "));
        }
    }

    /// Limits the page to the rows after the key.
    void add_cursor(const Sort& sort, const std::vector<std::string>& key) {
        std::vector<std::string_view> columns;
        std::vector<std::string> values;
        for (std::size_t i = 0; i < key.size(); ++i) {
            params_.emplace_back(key[i]);
            columns.push_back(sort.key[i].column);
            values.push_back(read_back(sort.key[i], params_.size()));
        }
        out_.served +=
            fmt::format(" AND ({}) {} ({})", joined(columns), sort.descending ? "<" : ">", joined(values));
    }

    Conditions take() { return std::move(out_); }

  private:
    /// Condition with the newest parameter.
    std::string condition(const Filter& filter, bool by_index) const {
        const auto value = fmt::format("${}::{}", params_.size(), sql_type(filter.type));
        if (filter.type != FieldType::kSpecCid) {
            return fmt::format("{} {} {}", filter.column, filter.op, value);
        }
        // The digest is the job's id, unless the renter attached the spec. The list of ids is one value for
        // PostgreSQL, which then uses the primary key.
        return by_index ? fmt::format(
                              "{0} = {1} AND id = ANY (ARRAY(SELECT {1} UNION ALL SELECT job_id FROM "
                              "api.attached_spec WHERE spec_id = {1}))",
                              filter.column, value)
                        : fmt::format("{} = {}", filter.column, value);
    }

    std::vector<store::Param>& params_;
    Conditions out_;
    bool has_indexed_ = false;
};

/// The sort key as columns cursor_0, cursor_1…
std::string keys_of(const Sort& sort) {
    std::string keys;
    for (std::size_t i = 0; i < sort.key.size(); ++i) {
        keys += fmt::format(", {} AS cursor_{}", printed(sort.key[i]), i);
    }
    return keys;
}

std::string order_of(const Sort& sort) {
    std::vector<std::string> columns;
    for (const auto& column : sort.key) {
        columns.push_back(std::string(column.column) + (sort.descending ? " DESC" : ""));
    }
    return joined(columns);
}

/// FROM and WHERE of the rows that the indexes serve. Each branch is sorted, so that PostgreSQL merges them
/// and stops as soon as enough rows are read.
std::string source_of(const Resource& resource, const Conditions& conditions, const std::string& columns,
                      const std::string& order, std::size_t most) {
    if (conditions.branches.empty()) {
        return fmt::format("{} WHERE {}", resource.view, conditions.served);
    }
    std::vector<std::string> parts;
    for (const auto& branch : conditions.branches) {
        parts.push_back(fmt::format("(SELECT {} FROM {} WHERE {} AND {} ORDER BY {} LIMIT {})", columns,
                                    resource.view, conditions.served, branch, order, most));
    }
    return fmt::format("({}) branches WHERE true", fmt::join(parts, " UNION ALL "));
}

/// The rows of a page, without a limit of their bytes.
std::string page_of(const Resource& resource, const Conditions& conditions, const ParsedQuery& query,
                    const std::string& columns, const std::string& order) {
    const auto& others = conditions.others;
    const auto keys = keys_of(*query.sort);
    const auto most = others == "true" ? query.limit + 1 : kMostLookedAt;
    const auto source = source_of(resource, conditions, columns, order, most);
    if (others == "true") {
        return fmt::format(
            "SELECT {}{}, true AS matches, false AS is_last_looked_at FROM {} ORDER BY {} LIMIT {}", columns,
            keys, source, order, most);
    }
    return fmt::format(
        "SELECT *, coalesce({0}, false) AS matches, place = {1} AS is_last_looked_at FROM (SELECT {2}{3}, "
        "row_number() OVER (ORDER BY {4}) AS place FROM {5} ORDER BY {4} LIMIT {1}) looked_at "
        "WHERE ({0}) OR place = {1} ORDER BY {4} LIMIT {6}",
        others, most, columns, keys, order, source, query.limit + 1);
}

/// Ends the page above `page_bytes` of text. The total of the rows before the previous row decides. So one
/// row is always sent, and one more if that row is too long, which shows that the list continues.
std::string measured(const std::vector<std::string_view>& texts, const std::string& page,
                     const std::string& order, std::size_t page_bytes) {
    std::string length;
    for (const auto text : texts) {
        length += fmt::format("{}coalesce(octet_length({}), 0)", length.empty() ? "" : " + ", text);
    }
    return fmt::format(
        "SELECT * FROM (SELECT *, coalesce(sum({}) OVER (ORDER BY {} ROWS BETWEEN UNBOUNDED PRECEDING AND 2 "
        "PRECEDING), 0) AS bytes_before FROM ({}) page) measured WHERE bytes_before <= {} ORDER BY {}",
        length, order, page, page_bytes, order);
}

/// Counts the rows of all pages, of the first kMostCounted that the order has, and one more, which shows that
/// others follow.
std::string count_of(const Resource& resource, const ParsedQuery& query, const std::string& columns,
                     const std::string& order, std::vector<store::Param>& params) {
    ConditionWriter writer(resource, params);
    for (const auto& filter : query.filters) {
        writer.add(filter);
    }
    const auto conditions = writer.take();
    const auto most = kMostCounted + 1;
    return fmt::format(
        "SELECT count(*) AS looked_at, count(*) FILTER (WHERE matches) AS matching FROM (SELECT coalesce({}, "
        "false) AS matches FROM {} ORDER BY {} LIMIT {}) counted",
        conditions.others, source_of(resource, conditions, columns, order, most), order, most);
}

}  // namespace

std::string select_list(const Resource& resource) {
    ParsedQuery all;
    all.sort = &resource.sorts.front();
    for (const auto& field : resource.fields) {
        all.fields.push_back(&field);
    }
    return joined(columns_of(resource, all));
}

ListQuery list_query(const Resource& resource, const ListRequest& request, std::size_t page_bytes) {
    const auto query = detail::parse_query(resource, request);
    ListQuery out;
    out.limit = query.limit;
    out.sort = query.sort;
    out.is_default_sort = query.is_default_sort;
    out.fields = query.fields;
    out.sparse = query.sparse;
    out.page_bytes = std::min(page_bytes, std::max(kLeastPageBytes, out.limit * kRowShare));

    ConditionWriter writer(resource, out.params);
    for (const auto& filter : query.filters) {
        writer.add(filter);
    }
    if (!query.cursor.empty()) {
        writer.add_cursor(*query.sort, query.cursor);
    }
    const auto columns = columns_of(resource, query);
    const auto order = order_of(*query.sort);
    const auto page = page_of(resource, writer.take(), query, joined(columns), order);
    auto texts = resource.texts;
    std::erase_if(texts, [&](std::string_view text) {
        return std::find(columns.begin(), columns.end(), text) == columns.end();
    });
    out.sql = texts.empty() ? page : measured(texts, page, order, out.page_bytes);
    if (query.counted) {
        out.count_sql = count_of(resource, query, joined(columns), order, out.count_params);
    }
    return out;
}

std::string cursor_of(const ListQuery& query, const store::Row& row) {
    std::vector<std::string> key;
    if (!query.is_default_sort) {
        key.emplace_back(query.sort->name);
    }
    for (std::size_t i = 0; i < query.sort->key.size(); ++i) {
        key.push_back(row.get<std::string>(fmt::format("cursor_{}", i)));
    }
    return encode_cursor(key);
}

}  // namespace lamda::views
