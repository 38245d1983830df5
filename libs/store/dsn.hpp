// A DSN as libpq reads it (libpq, section 34.1.1, "Connection Strings").
#pragma once

#include <map>
#include <string>

#include "core/result.hpp"

namespace lamda::store {

/// Keyword → value, percent-decoded. Several hosts or ports stand comma-separated in one value.
using DsnParts = std::map<std::string, std::string>;

/// Reads a URI (`postgres://` or `postgresql://`) or a string of `keyword=value`. Enumerations and ports are
/// checked too: libpq looks at them only when it connects. The error never repeats a part of the DSN but the
/// name of a parameter.
Result<DsnParts> parse_dsn(const std::string& dsn);

/// The `keyword='value'` form.
std::string dsn_text(const DsnParts& parts);

}  // namespace lamda::store
