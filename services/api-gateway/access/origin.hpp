// Parses origins of web pages (RFC 6454), in the form of a browser's header `Origin`.
#pragma once

#include <string>

#include "core/result.hpp"

namespace lamda::gateway {

/// Returns `*`, or scheme, host and port in a browser's form: lowercase, without the scheme's default port.
/// Drops a slash at the end. Refuses any form that browsers do not send. Errors: `invalid_origin`.
Result<std::string> parse_origin(std::string_view text);

}  // namespace lamda::gateway
