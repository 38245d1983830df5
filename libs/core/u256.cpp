#include "core/u256.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace lamda {

std::array<std::uint8_t, 32> to_be32(const U256& value) {
    const Bytes minimal = to_be_minimal(value);
    std::array<std::uint8_t, 32> out{};
    std::copy(minimal.begin(), minimal.end(), out.end() - static_cast<std::ptrdiff_t>(minimal.size()));
    return out;
}

Bytes to_be_minimal(const U256& value) {
    if (value == 0) {
        return {};
    }
    Bytes out;
    boost::multiprecision::export_bits(value, std::back_inserter(out), 8);
    return out;
}

Result<U256> u256_from_be(BytesView bytes) {
    if (bytes.size() > 32) {
        return Error{"invalid_length", "at most 32 bytes, not " + std::to_string(bytes.size()), ""};
    }
    U256 out = 0;
    if (!bytes.empty()) {
        boost::multiprecision::import_bits(out, bytes.begin(), bytes.end(), 8);
    }
    return out;
}

Result<U256> u256_from_decimal(std::string_view text) {
    const Error bad{"invalid_number", "a decimal number from 0 to 2^256-1 without sign or leading zeros", ""};
    if (text.empty() || text.size() > 78 || (text.size() > 1 && text[0] == '0') ||
        !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return bad;
    }
    try {
        return U256(std::string(text));
    } catch (const std::exception&) {  // above 2^256-1
        return bad;
    }
}

Result<U256> u256_from_quantity(std::string_view text) {
    const Error bad{"invalid_quantity", "0x and 1 to 64 hex digits", ""};
    if (!text.starts_with("0x") || text.size() < 3 || text.size() > 66) {
        return bad;
    }
    std::string digits(text.substr(2));
    if (digits.size() % 2 != 0) {
        digits.insert(digits.begin(), '0');
    }
    auto bytes = from_hex(digits);
    if (!bytes) {
        return bad;
    }
    return u256_from_be(*bytes);
}

std::string to_decimal(const U256& value) {
    return value.str();
}

std::string to_quantity(const U256& value) {
    if (value == 0) {
        return "0x0";
    }
    std::string hex = to_hex_bare(to_be_minimal(value));
    if (hex.front() == '0') {
        hex.erase(hex.begin());
    }
    return "0x" + hex;
}

std::string to_quantity(std::uint64_t value) {
    return to_quantity(U256(value));
}

Result<std::uint64_t> to_u64(const U256& value) {
    if (value > std::numeric_limits<std::uint64_t>::max()) {
        return Error{"out_of_range", "more than 64 bits", ""};
    }
    return value.convert_to<std::uint64_t>();
}

}  // namespace lamda
