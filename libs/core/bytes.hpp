// Byte strings and their hexadecimal form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

/// Lowercase hex with prefix `0x`.
std::string to_hex(BytesView bytes);
/// Lowercase hex, without prefix.
std::string to_hex_bare(BytesView bytes);
/// Hex of any case, with or without `0x`; an even number of digits. Errors: `invalid_hex`.
Result<Bytes> from_hex(std::string_view text);

/// The bytes of a text, unchanged.
inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string as_string(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace lamda
