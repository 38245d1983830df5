#include "views/list_query.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/clock.hpp"
#include "core/u256.hpp"
#include "crypto/address_text.hpp"
#include "http/cursor.hpp"
#include "views/body.hpp"
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

}  // namespace

ListRequest list_request(const http::Request& request) {
    if (request.method == "POST") {
        return {scalars_of(request), "/"};
    }
    return {request.query, "?"};
}

std::string select_list(const Resource& resource) {
    return joined(resource.columns);
}

ListQuery list_query(const Resource& resource, const ListRequest& request, std::size_t page_bytes) {
    ListQuery out{"", {}, kDefaultLimit, 0};
    std::vector<http::FieldError> errors;
    std::string served = "true";  // condition served by an index together with the order
    std::string others(resource.condition);
    bool has_indexed = false;
    std::string cursor;
    for (auto at = request.values.begin(); at != request.values.end(); ++at) {
        const auto& [name, value] = *at;
        const std::string pointer = request.prefix == "/" ? pointer_to(name) : request.prefix + name;
        if (request.values.count(name) > 1) {
            if (request.values.find(name) == at) {
                errors.push_back({pointer, "repeated", "given more than once; give it once"});
            }
            continue;
        }
        if (name == "limit") {
            const auto limit = u256_from_decimal(value);
            if (!limit || *limit < 1 || *limit > kMostLimit) {
                errors.push_back({pointer, "invalid_limit", fmt::format("1 to {}", kMostLimit)});
            } else {
                out.limit = limit->convert_to<std::size_t>();
            }
            continue;
        }
        if (name == "cursor") {
            cursor = value;
            const auto key = http::decode_cursor(value, resource.order.size());
            bool good = key.ok();
            for (std::size_t i = 0; good && i < resource.order.size(); ++i) {
                good = fits(resource.order[i].sql_type, (*key)[i]);
            }
            if (!good) {
                errors.push_back({pointer, "invalid_cursor",
                                  "not a cursor of this list; use the next_cursor of its last page"});
                continue;
            }
            std::string columns;
            std::string values;
            for (std::size_t i = 0; i < resource.order.size(); ++i) {
                out.params.emplace_back((*key)[i]);
                columns += (i == 0 ? "" : ", ") + std::string(resource.order[i].column);
                values += (i == 0 ? "" : ", ") + read_back(resource.order[i], out.params.size());
            }
            served += fmt::format(" AND ({}) {} ({})", columns, resource.descending ? "<" : ">", values);
            continue;
        }
        const auto filter = std::find_if(resource.filters.begin(), resource.filters.end(),
                                         [&key = name](const Filter& each) { return each.name == key; });
        if (filter == resource.filters.end()) {
            errors.push_back(
                {pointer, "unknown_field", "unknown parameter; allowed: " + parameters_of(resource)});
            continue;
        }
        const auto parsed = parse_value(filter->type, value);
        if (!parsed) {
            errors.push_back({pointer, parsed.error().code, parsed.error().message});
            continue;
        }
        out.params.push_back(*parsed);
        // At most one index: with two, PostgreSQL may read one of them and discard an unlimited number of
        // rows.
        const bool by_index = filter->indexed && !has_indexed;
        has_indexed = has_indexed || by_index;
        (by_index ? served : others) += fmt::format(" AND {} {} ${}::{}", filter->column, filter->op,
                                                    out.params.size(), sql_type(filter->type));
    }
    if (!errors.empty()) {
        throw http::Problem{400, "invalid_request", "", "the query is not usable: see errors",
                            std::move(errors)};
    }
    std::string keys;
    std::string order;
    for (std::size_t i = 0; i < resource.order.size(); ++i) {
        keys += fmt::format(", {} AS cursor_{}", printed(resource.order[i]), i);
        order += fmt::format("{}{}{}", i == 0 ? "" : ", ", resource.order[i].column,
                             resource.descending ? " DESC" : "");
    }
    out.page_bytes = std::min(page_bytes, std::max(kLeastPageBytes, out.limit * kRowShare));
    std::string page;
    if (others == "true") {
        page = fmt::format(
            "SELECT {}{}, true AS matches, false AS is_last_looked_at FROM {} WHERE {} ORDER BY {} LIMIT {}",
            select_list(resource), keys, resource.view, served, order, out.limit + 1);
    } else {
        page = fmt::format(
            "SELECT *, coalesce({}, false) AS matches, place = {} AS is_last_looked_at FROM (SELECT {}{}, "
            "row_number() OVER (ORDER BY {}) AS place "
            "FROM {} WHERE {} ORDER BY {} LIMIT {}) looked_at WHERE ({}) OR place = {} ORDER BY {} LIMIT {}",
            others, kMostLookedAt, select_list(resource), keys, order, resource.view, served, order,
            kMostLookedAt, others, kMostLookedAt, order, out.limit + 1);
    }
    if (resource.texts.empty()) {
        out.sql = page;
        return out;
    }
    // The total of the rows before the previous row decides. So one row is always sent, and one more if that
    // row is too long, which shows that the list continues.
    std::string length;
    for (const auto text : resource.texts) {
        length += fmt::format("{}coalesce(octet_length({}), 0)", length.empty() ? "" : " + ", text);
    }
    out.sql = fmt::format(
        "SELECT * FROM (SELECT *, coalesce(sum({}) OVER (ORDER BY {} ROWS BETWEEN UNBOUNDED PRECEDING AND 2 "
        "PRECEDING), 0) AS bytes_before FROM ({}) page) measured WHERE bytes_before <= {} ORDER BY {}",
        length, order, page, out.page_bytes, order);
    return out;
}

std::string cursor_of(const Resource& resource, const store::Row& row) {
    std::vector<std::string> key;
    key.reserve(resource.order.size());
    for (std::size_t i = 0; i < resource.order.size(); ++i) {
        key.push_back(row.get<std::string>(fmt::format("cursor_{}", i)));
    }
    return http::encode_cursor(key);
}

}  // namespace lamda::views
