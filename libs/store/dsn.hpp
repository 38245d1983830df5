// Parses a DSN as libpq does (libpq, section 34.1.1, "Connection Strings").
#pragma once

#include <map>
#include <string>

#include "core/result.hpp"

namespace lamda::store {

/// Keyword → value, percent-decoded. Several hosts or ports are comma-separated in one value.
using DsnParts = std::map<std::string, std::string>;

/// Reads a URI (`postgres://` or `postgresql://`) or a string of `keyword=value`. Also checks enumerations
/// and ports, which libpq checks only when it connects. The error never repeats a part of the DSN except a
/// parameter's name.
Result<DsnParts> parse_dsn(const std::string& dsn);

/// Formats as `keyword='value'`.
std::string dsn_text(const DsnParts& parts);

}  // namespace lamda::store
