#include "telemetry/json_text.hpp"

#include <cstdint>

#include "telemetry/shown_text.hpp"

namespace lamda::telemetry {

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

namespace {

/// @param sequence one valid UTF-8 sequence
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

}  // namespace

void append_shown(std::string& out, std::string_view sequence) {
    static constexpr char kHex[] = "0123456789abcdef";
    const char32_t character = code_point(sequence);
    if (!steers_output(character)) {
        out.append(sequence);
    } else if (character == '\n') {
        out += "\\n";
    } else if (character == '\t') {
        out += "\\t";
    } else if (character == '\r') {
        out += "\\r";
    } else {
        out += "\\u";
        for (const int shift : {12, 8, 4, 0}) {
            out += kHex[character >> shift & 0x0F];
        }
    }
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        const auto byte = static_cast<std::uint8_t>(text[0]);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
        } else if (length > 1) {
            append_shown(out, text.substr(0, length));
        } else if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text[0];
        } else {
            append_shown(out, text.substr(0, 1));
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

std::string json_string(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_json_string(out, text);
    return out;
}

}  // namespace lamda::telemetry
