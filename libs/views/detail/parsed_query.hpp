// A list request after its check: every value has its type, every name belongs to the list.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "views/list_query.hpp"

namespace lamda::views::detail {

/// A filter with its values; more than one: rows with any of them.
struct AppliedFilter {
    const Filter* filter;
    std::vector<store::Param> values;
};

struct ParsedQuery {
    std::size_t limit = kDefaultLimit;
    const Sort* sort = nullptr;
    bool is_default_sort = true;
    std::vector<std::string> cursor;     ///< sort key of the last row of the page before; empty: first page
    std::vector<AppliedFilter> filters;  ///< in the order of the resource
    std::vector<const Field*> fields;    ///< in the order of the resource
    bool sparse = false;
    bool counted = false;
};

/// @throws problem::Problem naming every wrong field
ParsedQuery parse_query(const Resource& resource, const ListRequest& request);

/// Parses one value of a filter. For FieldType::kSpecCid the value is the digest.
Result<store::Param> parse_value(FieldType type, const std::string& text);

}  // namespace lamda::views::detail
