// Origins of web pages (RFC 6454): what a browser sends as `Origin`.
#pragma once

#include <string>

#include "core/result.hpp"

namespace lamda::gateway {

/// `*`, or scheme, host and port in the form that a browser sends: lowercase, without the scheme's default
/// port. A slash at the end is dropped. Anything that no browser ever sends is an error.
Result<std::string> parse_origin(std::string_view text);

}  // namespace lamda::gateway
