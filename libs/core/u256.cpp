#include "core/u256.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <ostream>

namespace lamda {

namespace {

using Number = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    256, 256, boost::multiprecision::unsigned_magnitude, boost::multiprecision::checked, void>>;

Number number(const U256& value) {
    Number out;
    boost::multiprecision::import_bits(out, value.limbs().begin(), value.limbs().end(), 64, false);
    return out;
}

U256 word(const Number& value) {
    std::array<std::uint64_t, 4> limbs{};
    boost::multiprecision::export_bits(value, limbs.begin(), 64, false);
    return U256(limbs);
}

}  // namespace

U256::U256(std::string_view decimal) : U256(word(Number(std::string(decimal)))) {}

U256& U256::operator+=(const U256& other) {
    return *this = word(number(*this) + number(other));
}
U256& U256::operator-=(const U256& other) {
    return *this = word(number(*this) - number(other));
}
U256& U256::operator*=(const U256& other) {
    return *this = word(number(*this) * number(other));
}
U256& U256::operator/=(const U256& other) {
    return *this = word(number(*this) / number(other));
}
U256& U256::operator%=(const U256& other) {
    return *this = word(number(*this) % number(other));
}
U256& U256::operator<<=(unsigned bits) {
    return *this = word(number(*this) << bits);
}
U256& U256::operator>>=(unsigned bits) {
    return *this = word(number(*this) >> bits);
}

std::ostream& operator<<(std::ostream& out, const U256& value) {
    return out << to_decimal(value);
}

std::array<std::uint8_t, 32> to_be32(const U256& value) {
    std::array<std::uint8_t, 32> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[out.size() - 1 - i] = static_cast<std::uint8_t>(value.limbs()[i / 8] >> (i % 8 * 8));
    }
    return out;
}

Bytes to_be_minimal(const U256& value) {
    const auto all = to_be32(value);
    return {std::find_if(all.begin(), all.end(), [](auto byte) { return byte != 0; }), all.end()};
}

Result<U256> u256_from_be(BytesView bytes) {
    if (bytes.size() > 32) {
        return Error{"invalid_length", "at most 32 bytes, not " + std::to_string(bytes.size()), ""};
    }
    std::array<std::uint64_t, 4> limbs{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        limbs[i / 8] |= std::uint64_t{bytes[bytes.size() - 1 - i]} << (i % 8 * 8);
    }
    return U256(limbs);
}

Result<U256> u256_from_decimal(std::string_view text) {
    const Error bad{"invalid_number", "a decimal number from 0 to 2^256-1 without sign or leading zeros", ""};
    if (text.empty() || text.size() > 78 || (text.size() > 1 && text[0] == '0') ||
        !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return bad;
    }
    try {
        return U256(text);
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
    return number(value).str();
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
