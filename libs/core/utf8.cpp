#include "core/utf8.hpp"

#include <cstdint>

namespace lamda {

std::size_t utf8_sequence(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto in = [&](std::size_t i, int low, int high) {
        return i < text.size() && at(i) >= low && at(i) <= high;
    };
    if (text.empty()) {
        return 0;
    }
    // Table of RFC 3629, section 4 (UTF8-octets).
    const int first = at(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return in(1, 0x80, 0xBF) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const int low = first == 0xE0 ? 0xA0 : 0x80;
        const int high = first == 0xED ? 0x9F : 0xBF;
        return in(1, low, high) && in(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const int low = first == 0xF0 ? 0x90 : 0x80;
        const int high = first == 0xF4 ? 0x8F : 0xBF;
        return in(1, low, high) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

char32_t code_point(std::string_view sequence) {
    const auto first = static_cast<std::uint8_t>(sequence[0]);
    if (sequence.size() == 1) {
        return first;
    }
    char32_t out = first & (0x7FU >> sequence.size());
    for (const char c : sequence.substr(1)) {
        out = out << 6 | (static_cast<std::uint8_t>(c) & 0x3FU);
    }
    return out;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        out += length > 0 ? text.substr(0, length) : kReplacementCharacter;
        text.remove_prefix(length > 0 ? length : 1);
    }
    return out;
}

}  // namespace lamda
