// Opaque cursors: base64url (RFC 4648, section 5) of a few values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::views {

std::string encode_cursor(const std::vector<std::string>& values);
/// Errors: `invalid_cursor` if it was not made by encode_cursor or has another number of values.
Result<std::vector<std::string>> decode_cursor(std::string_view text, std::size_t values);

}  // namespace lamda::views
