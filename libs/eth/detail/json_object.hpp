// Typed access to members of a JSON document; an error names the path of the member. Private to this library.
#pragma once

#include <simdjson.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"
#include "eth/detail/hex_field.hpp"

namespace lamda::eth {

namespace dom = simdjson::dom;

/// Path within the answer: a linked list on the stack, formatted only for an error.
struct At {
    const At* up = nullptr;
    std::string_view key = {};
    std::size_t index = 0;

    std::string path() const {
        if (up == nullptr) {
            return "result";
        }
        return up->path() + (key.empty() ? "[" + std::to_string(index) + "]" : "." + std::string(key));
    }
};

/// Thrown and caught in this file only; becomes a BadAnswer.
struct Bad {
    std::string where;
    const char* why;
};

[[noreturn]] inline void bad(const At& at, const char* why) {
    throw Bad{at.path(), why};
}

inline std::string_view string_of(dom::element element, const At& at) {
    std::string_view out;
    if (element.get_string().get(out) != simdjson::SUCCESS) {
        bad(at, "a string is needed");
    }
    return out;
}

template <class Fixed>
Fixed fixed_of(dom::element element, const At& at) {
    const std::string_view text = string_of(element, at);
    Fixed out;
    if (text.size() != 2 + 2 * Fixed::kSize || !text.starts_with("0x") ||
        !decode_hex(text.substr(2), out.array().data())) {
        bad(at, Fixed::kSize == 20 ? "0x and 40 hex digits are needed" : "0x and 64 hex digits are needed");
    }
    return out;
}

inline Bytes bytes_of(dom::element element, const At& at) {
    const std::string_view text = string_of(element, at);
    if (text.size() % 2 != 0 || !text.starts_with("0x")) {
        bad(at, "0x and an even number of hex digits are needed");
    }
    Bytes out(text.size() / 2 - 1);
    if (!decode_hex(text.substr(2), out.data())) {
        bad(at, "a digit is not hexadecimal");
    }
    return out;
}

inline U256 u256_of(dom::element element, const At& at) {
    const auto out = u256_from_quantity(string_of(element, at));
    if (!out) {
        bad(at, "a quantity is needed: 0x and 1 to 64 hex digits");
    }
    return *out;
}

inline std::uint64_t u64_of(dom::element element, const At& at) {
    const std::string_view text = string_of(element, at);
    if (text.size() < 3 || text.size() > 66 || !text.starts_with("0x")) {
        bad(at, "a quantity of at most 64 bits is needed");
    }
    std::uint64_t out = 0;
    // Some nodes pad with zeros, up to 32 bytes.
    for (const char c : text.substr(2)) {
        if (out >> 60 != 0) {
            bad(at, "a quantity of at most 64 bits is needed");
        }
        const int digit = nibble(c);
        if (digit < 0) {
            bad(at, "a quantity of at most 64 bits is needed");
        }
        out = out << 4 | static_cast<std::uint64_t>(digit);
    }
    return out;
}

inline std::string_view without_byte_order_mark(std::string_view body) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    return body.starts_with(kMark) ? body.substr(kMark.size()) : body;
}

/// A request id: a number or, from some proxies, a string of decimal digits.
inline std::optional<std::uint64_t> id_of(dom::element element) {
    std::uint64_t out = 0;
    if (element.get_uint64().get(out) == simdjson::SUCCESS) {
        return out;
    }
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(out) : std::nullopt;
}

/// The members of an object, each known by its place.
class Object {
  public:
    Object(dom::element element, const At& at) : at_(at) {
        if (element.get_object().get(object_) != simdjson::SUCCESS) {
            bad(at, "an object is needed");
        }
    }
    /// Treats null as absent.
    std::optional<dom::element> find(std::string_view key) const {
        dom::element out;
        if (object_.at_key(key).get(out) != simdjson::SUCCESS || out.is_null()) {
            return std::nullopt;
        }
        return out;
    }
    dom::element need(std::string_view key) const {
        const auto out = find(key);
        if (!out) {
            bad(place(key), "missing");
        }
        return *out;
    }
    At place(std::string_view key) const { return {&at_, key}; }

    template <class Fixed>
    Fixed fixed(std::string_view key) const {
        return fixed_of<Fixed>(need(key), place(key));
    }
    template <class Fixed>
    std::optional<Fixed> maybe_fixed(std::string_view key) const {
        const auto element = find(key);
        return element ? std::optional(fixed_of<Fixed>(*element, place(key))) : std::nullopt;
    }
    std::uint64_t u64(std::string_view key) const { return u64_of(need(key), place(key)); }
    std::optional<std::uint64_t> maybe_u64(std::string_view key) const {
        const auto element = find(key);
        return element ? std::optional(u64_of(*element, place(key))) : std::nullopt;
    }
    U256 u256(std::string_view key) const { return u256_of(need(key), place(key)); }
    std::optional<U256> maybe_u256(std::string_view key) const {
        const auto element = find(key);
        return element ? std::optional(u256_of(*element, place(key))) : std::nullopt;
    }
    Bytes bytes(std::string_view key) const { return bytes_of(need(key), place(key)); }
    BlockRef block() const { return {{u64("blockNumber")}, fixed<BlockHash>("blockHash")}; }

  private:
    dom::object object_;
    const At& at_;
};

inline dom::array array_of(dom::element element, const At& at) {
    dom::array out;
    if (element.get_array().get(out) != simdjson::SUCCESS) {
        bad(at, "an array is needed");
    }
    return out;
}

template <class Read>
auto read_all(dom::element element, const At& at, Read read) {
    const dom::array array = array_of(element, at);
    std::vector<decltype(read(element, at))> out;
    out.reserve(array.size());
    for (const dom::element item : array) {
        out.push_back(read(item, At{&at, {}, out.size()}));
    }
    return out;
}

}  // namespace lamda::eth
