// Appends values in PostgreSQL's text form to a string.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::store {

template <std::same_as<bool> T>  // pointers must not convert to bool
void append_value(std::string& out, T value) {
    out += value ? "true" : "false";
}
template <std::integral T>
    requires(!std::same_as<T, bool>)
void append_value(std::string& out, T value) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out.append(std::begin(digits), end);
}
inline void append_value(std::string& out, BlockNum value) {
    append_value(out, value.value);
}
inline void append_value(std::string& out, std::string_view value) {
    out += value;
}
void append_value(std::string& out, const U256& value);
void append_value(std::string& out, Timestamp value);
void append_value(std::string& out, BytesView value);
template <std::size_t N, class Tag>
void append_value(std::string& out, const FixedBytes<N, Tag>& value) {
    append_value(out, value.view());
}

}  // namespace lamda::store
