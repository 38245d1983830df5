// Decodes hex digits of JSON-RPC fields. Private to this library.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/hex_digit.hpp"

namespace lamda::eth {

inline constexpr auto kNibbles = [] {
    std::array<std::int8_t, 256> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::int8_t>(hex_digit(static_cast<char>(i)));
    }
    return out;
}();

inline int nibble(char c) {
    return kNibbles[static_cast<unsigned char>(c)];
}

// Decodes without an intermediate vector: a page of logs holds hundreds of thousands of such fields.
inline bool decode_hex(std::string_view digits, std::uint8_t* out) {
    int wrong = 0;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = nibble(digits[i]);
        const int low = nibble(digits[i + 1]);
        wrong |= high | low;
        *out++ = static_cast<std::uint8_t>((high << 4 | low) & 0xff);
    }
    return wrong >= 0;
}

}  // namespace lamda::eth
