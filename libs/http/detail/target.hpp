// Request targets (RFC 9112, section 3.2; RFC 3986): path segments and query, percent-decoded and checked.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::http {

struct Target {
    std::string path;                   ///< as sent, without query
    std::vector<std::string> segments;  ///< between the slashes, decoded
    std::multimap<std::string, std::string> query;
};

/// `%41` → `A`; with `plus_is_space`, as in query strings, `+` → space. The result is UTF-8 without control
/// characters. Errors: `invalid_encoding`.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Parses origin form, or absolute form without its scheme and host. Errors: `invalid_path`,
/// `invalid_query`.
Result<Target> parse_target(std::string_view text);
/// Segments of a path that starts with a slash; `/` has none, `/a/` has `a` and an empty one.
std::vector<std::string_view> split_path(std::string_view path);

}  // namespace lamda::http
