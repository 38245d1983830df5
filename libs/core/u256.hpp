// Unsigned 256-bit integers: the word of the EVM.
#pragma once

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace lamda {

/// 0 … 2^256−1; arithmetic that leaves the range throws std::range_error / std::overflow_error.
using U256 = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    256, 256, boost::multiprecision::unsigned_magnitude, boost::multiprecision::checked, void>>;

/// Big-endian, 32 bytes.
std::array<std::uint8_t, 32> to_be32(const U256& value);
/// Big-endian, without leading zeros; empty for 0 (the form of RLP).
Bytes to_be_minimal(const U256& value);
/// Big-endian, at most 32 bytes. Errors: `invalid_length`.
Result<U256> u256_from_be(BytesView bytes);
/// Decimal digits only, no sign, no leading zero except "0". Errors: `invalid_number`.
Result<U256> u256_from_decimal(std::string_view text);
/// JSON-RPC "quantity": 0x, then minimal hex digits (leading zeros are tolerated). Errors:
/// `invalid_quantity`.
Result<U256> u256_from_quantity(std::string_view text);
std::string to_decimal(const U256& value);
std::string to_quantity(const U256& value);
std::string to_quantity(std::uint64_t value);
/// Errors: `out_of_range` if the value needs more than 64 bits.
Result<std::uint64_t> to_u64(const U256& value);

/// An amount of the chain's native coin in wei.
struct Wei {
    U256 value;
    bool operator==(const Wei& other) const { return value == other.value; }
    std::strong_ordering operator<=>(const Wei& other) const {
        return value < other.value   ? std::strong_ordering::less
               : value > other.value ? std::strong_ordering::greater
                                     : std::strong_ordering::equal;
    }
};

}  // namespace lamda
