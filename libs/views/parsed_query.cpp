#include "views/detail/parsed_query.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/u256.hpp"
#include "problem/problem.hpp"
#include "views/body.hpp"
#include "views/cursor.hpp"

namespace lamda::views::detail {

namespace {

/// A cursor's values come from the client: each must have the text form of its column's type.
bool fits(std::string_view type, const std::string& value) {
    const auto is_number = [&](std::size_t most_digits) {
        return !value.empty() && value.size() <= most_digits &&
               value.find_first_not_of("0123456789") == std::string::npos;
    };
    if (type == "integer") {
        return is_number(18) && std::stoull(value) <= 2'147'483'647;
    }
    if (type == "bytea") {
        return value.starts_with("\\x") && from_hex(std::string_view(value).substr(2)).ok();
    }
    return is_number(type == "numeric" ? 78 : 18);  // bigint, and timestamptz as microseconds
}

Error invalid_cursor() {
    return {"invalid_cursor", "not a cursor of this list in this order; use the next_cursor of its last page",
            ""};
}

/// The sort key in a cursor that this list has returned in this order.
Result<std::vector<std::string>> cursor_key(const Sort& sort, bool is_default, const std::string& cursor) {
    const std::size_t named = is_default ? 0 : 1;  // the order's name, for orders other than the default
    auto parts = decode_cursor(cursor, sort.key.size() + named);
    if (!parts || (!is_default && parts->front() != sort.name)) {
        return invalid_cursor();
    }
    std::vector<std::string> key(parts->begin() + static_cast<std::ptrdiff_t>(named), parts->end());
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (!fits(sort.key[i].sql_type, key[i])) {
            return invalid_cursor();
        }
    }
    return key;
}

Result<std::size_t> parse_limit(const std::string& value) {
    const auto limit = u256_from_decimal(value);
    if (!limit || *limit < 1 || *limit > kMostLimit) {
        return Error{"invalid_limit", fmt::format("1 to {}", kMostLimit), ""};
    }
    return limit->convert_to<std::size_t>();
}

template <class Items>
std::string names_of(const Items& items) {
    std::string out;
    for (const auto& item : items) {
        out.append(out.empty() ? "" : ", ").append(item.name);
    }
    return out;
}

template <class Items>
auto find_named(const Items& items, std::string_view name) {
    const auto at =
        std::find_if(items.begin(), items.end(), [&](const auto& each) { return each.name == name; });
    return at == items.end() ? nullptr : &*at;
}

/// Reads a request parameter by parameter. Collects the faults of all.
class Parser {
  public:
    Parser(const Resource& resource, const ListRequest& request) : resource_(resource), request_(request) {
        out_.sort = &resource.sorts.front();
        for (const auto& field : resource.fields) {
            out_.fields.push_back(&field);
        }
    }

    ParsedQuery parse() {
        read_sort();  // the cursor depends on it
        for (auto at = request_.values.begin(); at != request_.values.end(); ++at) {
            const auto& name = at->first;
            if (request_.values.find(name) != at) {
                continue;
            }
            if (request_.values.count(name) == 1 || takes_several(name)) {
                read(name, values_of(name));
            } else {
                refuse(name, {"repeated", "given more than once; give it once", ""});
            }
        }
        for (const auto& [name, values] : request_.arrays) {
            if (takes_several(name) || !is_known(name)) {
                read(name, values);
            } else {
                refuse(name, {"invalid_type", "must be a string, a number or a boolean", ""});
            }
        }
        for (const auto& [name, value] : request_.fixed) {
            add_filter(name, {value});
        }
        finish();
        return std::move(out_);
    }

  private:
    using Values = std::vector<std::string>;

    bool has_sorts() const { return resource_.sorts.size() > 1; }
    bool takes_several(std::string_view name) const {
        const auto* filter = find_named(resource_.filters, name);
        return (name == "fields" && request_.shaped) || (filter != nullptr && filter->several);
    }
    bool is_known(std::string_view name) const {
        return name == "limit" || name == "cursor" || (name == "sort" && has_sorts()) ||
               (request_.shaped && (name == "fields" || name == "count")) ||
               find_named(resource_.filters, name) != nullptr;
    }
    /// Values of a parameter. In a query commas separate several, and the parameter may be repeated; in a
    /// body they are an array, and a string is one value.
    Values values_of(const std::string& name) const {
        Values out;
        const auto [first, last] = request_.values.equal_range(name);
        for (auto at = first; at != last; ++at) {
            const bool splits = takes_several(name) && request_.prefix == "?";
            const auto values = splits ? split_values(at->second) : Values{at->second};
            out.insert(out.end(), values.begin(), values.end());
        }
        return out;
    }

    std::string allowed() const {
        std::string out = has_sorts() ? "limit, cursor, sort" : "limit, cursor";
        out += request_.shaped ? ", fields, count" : "";
        for (const auto& filter : resource_.filters) {
            if (!request_.fixed.contains(std::string(filter.name))) {
                out.append(", ").append(filter.name);
            }
        }
        return out;
    }

    void refuse(const std::string& name, const Error& error) {
        const auto pointer = request_.prefix == "/" ? pointer_to(name) : request_.prefix + name;
        errors_.push_back({pointer + error.where, error.code, error.message});
    }
    /// Names the value, if it is one of an array of a body.
    void refuse_value(const std::string& name, std::size_t index, Error error) {
        if (request_.arrays.contains(name)) {
            error.where = "/" + std::to_string(index);
        }
        refuse(name, error);
    }

    void read_sort() {
        const auto [first, last] = request_.values.equal_range("sort");
        if (!has_sorts() || first == last) {
            return;
        }
        if (const auto* sort = find_named(resource_.sorts, first->second)) {
            out_.sort = sort;
            out_.is_default_sort = sort == &resource_.sorts.front();
        } else {
            refuse("sort", {"unknown_sort", "unknown order; use one of " + names_of(resource_.sorts), ""});
        }
    }

    void read(const std::string& name, const Values& values) {
        if (request_.fixed.contains(name)) {
            refuse(name, {"unknown_field", "unknown parameter; it is part of the path", ""});
        } else if (!is_known(name)) {
            refuse(name, {"unknown_field", "unknown parameter; allowed: " + allowed(), ""});
        } else if (name == "limit") {
            take(name, parse_limit(values.front()), out_.limit);
        } else if (name == "cursor") {
            take(name, cursor_key(*out_.sort, out_.is_default_sort, values.front()), out_.cursor);
        } else if (name == "count") {
            take(name, parse_count(values.front()), out_.counted);
        } else if (name == "fields") {
            read_fields(values);
        } else if (name != "sort") {
            add_filter(name, values);
        }
    }

    template <class T>
    void take(const std::string& name, const Result<T>& parsed, T& out) {
        if (parsed) {
            out = *parsed;
        } else {
            refuse(name, parsed.error());
        }
    }

    static Result<bool> parse_count(const std::string& value) {
        if (value != "true" && value != "false") {
            return Error{"invalid_boolean", "true or false", ""};
        }
        return value == "true";
    }

    void read_fields(const Values& names) {
        out_.sparse = true;
        out_.fields.clear();
        refuse_repeated("fields", names);
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (find_named(resource_.fields, names[i]) == nullptr) {
                refuse_value("fields", i,
                             {"unknown_field", "unknown field; allowed: " + names_of(resource_.fields), ""});
            }
        }
        for (const auto& field : resource_.fields) {
            if (std::find(names.begin(), names.end(), field.name) != names.end()) {
                out_.fields.push_back(&field);
            }
        }
    }

    void add_filter(const std::string& name, const Values& values) {
        AppliedFilter applied{find_named(resource_.filters, name), {}};
        refuse_repeated(name, values);
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto parsed = parse_value(applied.filter->type, values[i]);
            if (parsed) {
                applied.values.push_back(*parsed);
            } else {
                refuse_value(name, i, parsed.error());
            }
        }
        out_.filters.push_back(std::move(applied));
    }

    void refuse_repeated(const std::string& name, Values values) {
        if (values.empty()) {
            refuse(name, {"empty", "give at least one value", ""});
        }
        std::sort(values.begin(), values.end());
        if (std::adjacent_find(values.begin(), values.end()) != values.end()) {
            refuse(name, {"repeated", "give each value once", ""});
        }
    }

    void finish() {
        if (!errors_.empty()) {
            throw problem::Problem{400, "invalid_request", "", "the query is not usable: see errors",
                                   std::move(errors_)};
        }
        std::sort(out_.filters.begin(), out_.filters.end(),
                  [](const auto& a, const auto& b) { return a.filter < b.filter; });
    }

    const Resource& resource_;
    const ListRequest& request_;
    ParsedQuery out_;
    std::vector<problem::FieldError> errors_;
};

}  // namespace

ParsedQuery parse_query(const Resource& resource, const ListRequest& request) {
    return Parser(resource, request).parse();
}

}  // namespace lamda::views::detail
