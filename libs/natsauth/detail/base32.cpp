#include "natsauth/detail/base32.hpp"

#include <optional>

namespace lamda::natsauth::detail {

namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(BytesView bytes, std::string_view alphabet, unsigned bits) {
    std::string out;
    std::uint32_t buffer = 0;
    unsigned held = 0;
    for (const auto byte : bytes) {
        buffer = (buffer << 8) | byte;
        held += 8;
        while (held >= bits) {
            held -= bits;
            out += alphabet[(buffer >> held) & (alphabet.size() - 1)];
        }
        buffer &= (1U << held) - 1;
    }
    if (held > 0) {
        out += alphabet[(buffer << (bits - held)) & (alphabet.size() - 1)];
    }
    return out;
}

/// Absent: a character outside the alphabet, or bits after the last whole byte.
std::optional<Bytes> decode(std::string_view text, std::string_view alphabet, unsigned bits) {
    Bytes out;
    std::uint32_t buffer = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        buffer = (buffer << bits) | static_cast<std::uint32_t>(value);
        held += bits;
        if (held >= 8) {
            held -= 8;
            out.push_back(static_cast<std::uint8_t>(buffer >> held));
            buffer &= (1U << held) - 1;
        }
    }
    return buffer == 0 && held < bits ? std::optional(out) : std::nullopt;
}

}  // namespace

std::string to_base32(BytesView bytes) {
    return encode(bytes, kBase32, 5);
}

Result<Bytes> from_base32(std::string_view text) {
    auto out = decode(text, kBase32, 5);
    return out ? Result<Bytes>(*std::move(out)) : Error{"invalid_base32", "not base32", ""};
}

std::string to_base64url(BytesView bytes) {
    return encode(bytes, kBase64, 6);
}

Result<Bytes> from_base64url(std::string_view text) {
    auto out = decode(text, kBase64, 6);
    return out ? Result<Bytes>(*std::move(out)) : Error{"invalid_base64", "not base64url", ""};
}

}  // namespace lamda::natsauth::detail
