#include "views/cursor.hpp"

#include <array>
#include <cstdint>

namespace lamda::views {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// A new layout gets a new first byte, so that an old cursor is refused instead of misread.
constexpr char kVersion = '\x01';
constexpr std::size_t kLongest = 4096;

std::string to_base64url(std::string_view bytes) {
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<std::uint8_t>(c);
        for (count += 8; count >= 6; count -= 6) {
            out += kAlphabet[(bits >> (count - 6)) & 63U];
        }
    }
    if (count > 0) {
        out += kAlphabet[(bits << (6 - count)) & 63U];
    }
    return out;
}

bool from_base64url(std::string_view text, std::string& out) {
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos) {
            return false;
        }
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>((bits >> count) & 0xFFU);
        }
    }
    // One text for one value: no spare digit, no bits set beyond the end.
    return count < 6 && (bits & ((1U << count) - 1U)) == 0;
}

}  // namespace

std::string encode_cursor(const std::vector<std::string>& values) {
    std::string bytes(1, kVersion);
    for (const std::string& value : values) {
        bytes += static_cast<char>(value.size() >> 8);
        bytes += static_cast<char>(value.size() & 0xFFU);
        bytes += value;
    }
    return to_base64url(bytes);
}

Result<std::vector<std::string>> decode_cursor(std::string_view text, std::size_t values) {
    const Error refused{"invalid_cursor", "the cursor is not one that this list has given", ""};
    std::string bytes;
    if (text.size() > kLongest || !from_base64url(text, bytes) || bytes.empty() || bytes[0] != kVersion) {
        return refused;
    }
    std::vector<std::string> out;
    std::string_view rest = std::string_view(bytes).substr(1);
    while (!rest.empty()) {
        if (rest.size() < 2) {
            return refused;
        }
        const std::size_t length = static_cast<std::size_t>(static_cast<std::uint8_t>(rest[0])) * 256 +
                                   static_cast<std::uint8_t>(rest[1]);
        rest.remove_prefix(2);
        if (rest.size() < length) {
            return refused;
        }
        out.emplace_back(rest.substr(0, length));
        rest.remove_prefix(length);
    }
    if (out.size() != values) {
        return refused;
    }
    return out;
}

}  // namespace lamda::views
