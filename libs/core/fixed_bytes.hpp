// FixedBytes<N, Tag>: N bytes with one meaning. Two tags of the same size neither convert nor compare.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <functional>

#include "core/bytes.hpp"

namespace lamda {

template <std::size_t N, class Tag>
class FixedBytes {
  public:
    static constexpr std::size_t kSize = N;

    constexpr FixedBytes() = default;  ///< all zero
    constexpr explicit FixedBytes(const std::array<std::uint8_t, N>& bytes) : bytes_(bytes) {}

    /// Exactly N bytes. Errors: `invalid_length`.
    static Result<FixedBytes> from_bytes(BytesView bytes) {
        if (bytes.size() != N) {
            return Error{"invalid_length",
                         std::string(Tag::kName) + " has " + std::to_string(N) + " bytes, not " +
                             std::to_string(bytes.size()),
                         ""};
        }
        FixedBytes out;
        std::copy(bytes.begin(), bytes.end(), out.bytes_.begin());
        return out;
    }

    /// `0x` and 2N hex digits of any case. Errors: Tag::kError.
    static Result<FixedBytes> parse(std::string_view text) {
        if (text.size() == 2 + 2 * N && text.starts_with("0x")) {
            if (auto bytes = from_hex(text)) {
                return from_bytes(*bytes);
            }
        }
        return Error{Tag::kError,
                     std::string(Tag::kName) + " is 0x and " + std::to_string(2 * N) + " hex digits", ""};
    }

    constexpr const std::array<std::uint8_t, N>& array() const { return bytes_; }
    constexpr std::array<std::uint8_t, N>& array() { return bytes_; }
    BytesView view() const { return {bytes_.data(), N}; }
    std::string hex() const { return to_hex(view()); }  ///< `0x` + lowercase
    bool is_zero() const {
        return std::all_of(bytes_.begin(), bytes_.end(), [](auto b) { return b == 0; });
    }

    /// The same bytes with another meaning; explicit, because nothing checks it.
    template <class Other>
    Other as() const {
        static_assert(Other::kSize == N);
        return Other(bytes_);
    }

    auto operator<=>(const FixedBytes&) const = default;

  private:
    std::array<std::uint8_t, N> bytes_{};
};

}  // namespace lamda

template <std::size_t N, class Tag>
struct std::hash<lamda::FixedBytes<N, Tag>> {
    std::size_t operator()(const lamda::FixedBytes<N, Tag>& value) const noexcept {
        std::size_t out = 0;
        std::memcpy(&out, value.array().data() + (N - sizeof(out)), sizeof(out));
        return out;
    }
};
