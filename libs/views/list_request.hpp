// Parameters of a list request, as the client sent them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lamda::views {

struct ListRequest {
    std::multimap<std::string, std::string> values;
    std::string prefix;  ///< of names in errors: `?` for a query string, `/` for a body
    /// Arrays of a body. In a query string commas separate the values.
    std::map<std::string, std::vector<std::string>> arrays = {};
    /// Filters that the request's path gives. A client cannot send them.
    std::map<std::string, std::string> fixed = {};
    /// True if the request may have `fields` and `count`.
    bool shaped = false;
};

/// Reads a JSON object whose members are scalars, or arrays of strings. @throws problem::Problem with every
/// member of another type
ListRequest request_of_body(std::string_view body);
/// Returns the values of a parameter that takes several.
std::vector<std::string> split_values(const std::string& text);

}  // namespace lamda::views
