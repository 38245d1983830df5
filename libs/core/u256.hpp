// Unsigned 256-bit integers: the word of the EVM.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace lamda {

/// 0 … 2^256−1; arithmetic that leaves the range throws std::range_error / std::overflow_error.
/// Boost.Multiprecision calculates, in u256.cpp only: its headers cost each file that includes them seconds.
class U256 {
  public:
    constexpr U256() = default;
    /// Implicit, as between the language's own integers. @throws std::range_error when negative.
    template <std::integral T>
    constexpr U256(T value)
        : limbs_{static_cast<std::uint64_t>(value)} {  // NOLINT(google-explicit-constructor)
        if constexpr (std::signed_integral<T>) {
            if (value < 0) {
                throw std::range_error("a U256 is not negative");
            }
        }
    }
    /// Least significant first.
    constexpr explicit U256(const std::array<std::uint64_t, 4>& limbs) : limbs_(limbs) {}
    /// Decimal digits. @throws std::runtime_error when they are none, or too many; input goes through
    /// u256_from_decimal.
    explicit U256(std::string_view decimal);

    constexpr const std::array<std::uint64_t, 4>& limbs() const { return limbs_; }

    /// @throws std::range_error when T cannot hold the value; a floating-point T rounds.
    template <class T>
    T convert_to() const {
        if constexpr (std::floating_point<T>) {
            T out = 0;
            for (std::size_t i = limbs_.size(); i-- > 0;) {
                out = out * static_cast<T>(18446744073709551616.0) + static_cast<T>(limbs_[i]);
            }
            return out;
        } else {
            if (*this > U256(std::numeric_limits<T>::max())) {
                throw std::range_error("a U256 is too large for the type that it is converted to");
            }
            return static_cast<T>(limbs_[0]);
        }
    }

    U256& operator+=(const U256& other);
    U256& operator-=(const U256& other);
    U256& operator*=(const U256& other);
    U256& operator/=(const U256& other);
    U256& operator%=(const U256& other);
    U256& operator<<=(unsigned bits);
    U256& operator>>=(unsigned bits);

    friend U256 operator+(U256 a, const U256& b) { return a += b; }
    friend U256 operator-(U256 a, const U256& b) { return a -= b; }
    friend U256 operator*(U256 a, const U256& b) { return a *= b; }
    friend U256 operator/(U256 a, const U256& b) { return a /= b; }
    friend U256 operator%(U256 a, const U256& b) { return a %= b; }
    friend U256 operator<<(U256 a, unsigned bits) { return a <<= bits; }
    friend U256 operator>>(U256 a, unsigned bits) { return a >>= bits; }
    constexpr U256 operator~() const { return U256({~limbs_[0], ~limbs_[1], ~limbs_[2], ~limbs_[3]}); }

    constexpr bool operator==(const U256&) const = default;
    constexpr std::strong_ordering operator<=>(const U256& other) const {
        for (std::size_t i = limbs_.size(); i-- > 0;) {
            if (limbs_[i] != other.limbs_[i]) {
                return limbs_[i] <=> other.limbs_[i];
            }
        }
        return std::strong_ordering::equal;
    }

  private:
    std::array<std::uint64_t, 4> limbs_{};
};

/// In decimal.
std::ostream& operator<<(std::ostream& out, const U256& value);

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
    constexpr auto operator<=>(const Wei&) const = default;
};

}  // namespace lamda
