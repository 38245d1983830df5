#include "views/list_query.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/clock.hpp"
#include "core/u256.hpp"
#include "crypto/address_text.hpp"
#include "views/body.hpp"
#include "views/cursor.hpp"
#include "wire/job_state.hpp"

namespace lamda::views {

namespace {

template <class T>
Result<store::Param> as_param(const Result<T>& parsed) {
    if (!parsed) {
        return parsed.error();
    }
    return store::Param(*parsed);
}

template <class T>
Result<store::Param> as_name(const Result<T>& parsed) {
    if (!parsed) {
        return parsed.error();
    }
    return store::Param(std::string(wire::to_string(*parsed)));
}

/// Parses a time. PostgreSQL has no year 0, and an offset may leave the years of RFC 3339.
Result<store::Param> as_time(const std::string& text) {
    const auto parsed = parse_rfc3339(text);
    if (!parsed) {
        return parsed.error();
    }
    static const auto first = parse_rfc3339("0001-01-01T00:00:00Z").value();
    static const auto last = parse_rfc3339("9999-12-31T23:59:59Z").value();
    if (*parsed < first || *parsed > last) {
        return Error{"out_of_range", "a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z", ""};
    }
    return store::Param(*parsed);
}

Result<store::Param> parse_value(FieldType type, const std::string& text) {
    switch (type) {
        case FieldType::kText:
            // PostgreSQL's text cannot hold a NUL.
            if (text.empty() || text.size() > 255 || text.find('\0') != std::string::npos) {
                return Error{"invalid_text", "1 to 255 bytes, none of them NUL", ""};
            }
            return store::Param(text);
        case FieldType::kAddress:
            return as_param(crypto::parse_address(text));
        case FieldType::kBytes32:
            return as_param(Bytes32::parse(text));
        case FieldType::kAmount:
            return as_param(u256_from_decimal(text));
        case FieldType::kBoolean:
            if (text != "true" && text != "false") {
                return Error{"invalid_boolean", "true or false", ""};
            }
            return store::Param(text == "true");
        case FieldType::kTime:
            return as_time(text);
        case FieldType::kStatus:
            return as_name(wire::parse_public_status(text));
        case FieldType::kChainState:
            return as_name(wire::parse_chain_state(text));
        case FieldType::kWorkState:
            return as_name(wire::parse_work_state(text));
    }
    return Error{"invalid_value", "unknown type", ""};
}

std::string_view sql_type(FieldType type) {
    switch (type) {
        case FieldType::kAddress:
        case FieldType::kBytes32:
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

/// A cursor's values come from the client: each must have the text form of its column's type.
bool fits(std::string_view type, const std::string& value) {
    const bool digits =
        !value.empty() && value.size() <= 18 && value.find_first_not_of("0123456789") == std::string::npos;
    if (type == "integer") {
        return digits && std::stoull(value) <= 2'147'483'647;
    }
    if (type == "bytea") {
        return value.starts_with("\\x") && from_hex(std::string_view(value).substr(2)).ok();
    }
    return digits;  // bigint, and timestamptz as microseconds
}

/// Size of a page: this much for each requested row, and `kLeastPageBytes`.
constexpr std::size_t kRowShare = 4'096;
constexpr std::size_t kLeastPageBytes = 64U << 10;

std::string joined(const std::vector<std::string_view>& columns) {
    return fmt::format("{}", fmt::join(columns, ", "));
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

std::string parameters_of(const Resource& resource) {
    std::string out = "limit, cursor";
    for (const auto& filter : resource.filters) {
        out.append(", ").append(filter.name);
    }
    return out;
}

/// The WHERE of a page: the part that an index serves together with the order, and the rest.
struct Conditions {
    std::string served = "true";
    std::string others;
    bool has_indexed = false;
};

/// @param out takes the parameter
void add_filter(const Filter& filter, const store::Param& value, Conditions& conditions, ListQuery& out) {
    out.params.push_back(value);
    // At most one index: with two, PostgreSQL may read one of them and discard an unlimited number of rows.
    const bool by_index = filter.indexed && !conditions.has_indexed;
    conditions.has_indexed = conditions.has_indexed || by_index;
    (by_index ? conditions.served : conditions.others) +=
        fmt::format(" AND {} {} ${}::{}", filter.column, filter.op, out.params.size(), sql_type(filter.type));
}

/// The sort key in a cursor that this list has returned.
Result<std::vector<std::string>> cursor_key(const Resource& resource, const std::string& cursor) {
    auto key = decode_cursor(cursor, resource.order.size());
    bool good = key.ok();
    for (std::size_t i = 0; good && i < resource.order.size(); ++i) {
        good = fits(resource.order[i].sql_type, (*key)[i]);
    }
    if (!good) {
        return Error{"invalid_cursor", "not a cursor of this list; use the next_cursor of its last page", ""};
    }
    return key;
}

/// Limits the page to the rows after the key. @param out takes the parameters
void add_cursor(const Resource& resource, const std::vector<std::string>& key, Conditions& conditions,
                ListQuery& out) {
    std::string columns;
    std::string values;
    for (std::size_t i = 0; i < resource.order.size(); ++i) {
        out.params.emplace_back(key[i]);
        columns += (i == 0 ? "" : ", ") + std::string(resource.order[i].column);
        values += (i == 0 ? "" : ", ") + read_back(resource.order[i], out.params.size());
    }
    conditions.served += fmt::format(" AND ({}) {} ({})", columns, resource.descending ? "<" : ">", values);
}

Result<std::size_t> parse_limit(const std::string& value) {
    const auto limit = u256_from_decimal(value);
    if (!limit || *limit < 1 || *limit > kMostLimit) {
        return Error{"invalid_limit", fmt::format("1 to {}", kMostLimit), ""};
    }
    return limit->convert_to<std::size_t>();
}

/// Applies one parameter of the request. Returns its error, absent if it is valid.
std::optional<Error> apply(const Resource& resource, const std::string& name, const std::string& value,
                           Conditions& conditions, ListQuery& out) {
    if (name == "limit") {
        const auto limit = parse_limit(value);
        if (!limit) {
            return limit.error();
        }
        out.limit = *limit;
        return std::nullopt;
    }
    if (name == "cursor") {
        const auto key = cursor_key(resource, value);
        if (!key) {
            return key.error();
        }
        add_cursor(resource, *key, conditions, out);
        return std::nullopt;
    }
    const auto filter = std::find_if(resource.filters.begin(), resource.filters.end(),
                                     [&](const Filter& each) { return each.name == name; });
    if (filter == resource.filters.end()) {
        return Error{"unknown_field", "unknown parameter; allowed: " + parameters_of(resource), ""};
    }
    const auto parsed = parse_value(filter->type, value);
    if (!parsed) {
        return parsed.error();
    }
    add_filter(*filter, *parsed, conditions, out);
    return std::nullopt;
}

/// @param out takes the parameters and the limit
/// @throws problem::Problem naming every wrong field
Conditions conditions_of(const Resource& resource, const ListRequest& request, ListQuery& out) {
    Conditions conditions;
    conditions.others = resource.condition;
    std::vector<problem::FieldError> errors;
    for (auto at = request.values.begin(); at != request.values.end(); ++at) {
        const auto& [name, value] = *at;
        const std::string pointer = request.prefix == "/" ? pointer_to(name) : request.prefix + name;
        if (request.values.count(name) > 1) {
            if (request.values.find(name) == at) {
                errors.push_back({pointer, "repeated", "given more than once; give it once"});
            }
        } else if (const auto error = apply(resource, name, value, conditions, out)) {
            errors.push_back({pointer, error->code, error->message});
        }
    }
    if (!errors.empty()) {
        throw problem::Problem{400, "invalid_request", "", "the query is not usable: see errors",
                               std::move(errors)};
    }
    return conditions;
}

/// The sort key as columns cursor_0, cursor_1…
std::string keys_of(const Resource& resource) {
    std::string keys;
    for (std::size_t i = 0; i < resource.order.size(); ++i) {
        keys += fmt::format(", {} AS cursor_{}", printed(resource.order[i]), i);
    }
    return keys;
}

std::string order_of(const Resource& resource) {
    std::string order;
    for (std::size_t i = 0; i < resource.order.size(); ++i) {
        order += fmt::format("{}{}{}", i == 0 ? "" : ", ", resource.order[i].column,
                             resource.descending ? " DESC" : "");
    }
    return order;
}

/// The rows of a page, without a limit of their bytes.
std::string page_of(const Resource& resource, const Conditions& conditions, const std::string& order,
                    std::size_t limit) {
    const auto& served = conditions.served;
    const auto& others = conditions.others;
    const auto keys = keys_of(resource);
    if (others == "true") {
        return fmt::format(
            "SELECT {}{}, true AS matches, false AS is_last_looked_at FROM {} WHERE {} ORDER BY {} LIMIT {}",
            select_list(resource), keys, resource.view, served, order, limit + 1);
    }
    return fmt::format(
        "SELECT *, coalesce({}, false) AS matches, place = {} AS is_last_looked_at FROM (SELECT {}{}, "
        "row_number() OVER (ORDER BY {}) AS place "
        "FROM {} WHERE {} ORDER BY {} LIMIT {}) looked_at WHERE ({}) OR place = {} ORDER BY {} LIMIT {}",
        others, kMostLookedAt, select_list(resource), keys, order, resource.view, served, order,
        kMostLookedAt, others, kMostLookedAt, order, limit + 1);
}

/// Ends the page above `page_bytes` of text. The total of the rows before the previous row decides. So one
/// row is always sent, and one more if that row is too long, which shows that the list continues.
std::string measured(const Resource& resource, const std::string& page, const std::string& order,
                     std::size_t page_bytes) {
    std::string length;
    for (const auto text : resource.texts) {
        length += fmt::format("{}coalesce(octet_length({}), 0)", length.empty() ? "" : " + ", text);
    }
    return fmt::format(
        "SELECT * FROM (SELECT *, coalesce(sum({}) OVER (ORDER BY {} ROWS BETWEEN UNBOUNDED PRECEDING AND 2 "
        "PRECEDING), 0) AS bytes_before FROM ({}) page) measured WHERE bytes_before <= {} ORDER BY {}",
        length, order, page, page_bytes, order);
}

}  // namespace

std::string select_list(const Resource& resource) {
    return joined(resource.columns);
}

ListQuery list_query(const Resource& resource, const ListRequest& request, std::size_t page_bytes) {
    ListQuery out{"", {}, kDefaultLimit, 0};
    const auto conditions = conditions_of(resource, request, out);
    out.page_bytes = std::min(page_bytes, std::max(kLeastPageBytes, out.limit * kRowShare));
    const auto order = order_of(resource);
    const auto page = page_of(resource, conditions, order, out.limit);
    out.sql = resource.texts.empty() ? page : measured(resource, page, order, out.page_bytes);
    return out;
}

std::string cursor_of(const Resource& resource, const store::Row& row) {
    std::vector<std::string> key;
    key.reserve(resource.order.size());
    for (std::size_t i = 0; i < resource.order.size(); ++i) {
        key.push_back(row.get<std::string>(fmt::format("cursor_{}", i)));
    }
    return encode_cursor(key);
}

}  // namespace lamda::views
