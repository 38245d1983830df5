// Functions shared by the generated code.
#pragma once

#include <algorithm>
#include <string>

#include "core/ids.hpp"
#include "eth/codec/abi.hpp"

namespace lamda::contracts::support {

/// The fault of an argument, with its name and the offset of the byte.
inline Error bad(const char* code, const char* where, const Error& error) {
    return {code, error.message, error.where.empty() ? where : where + (" (" + error.where + ")")};
}

inline bool has_selector(BytesView data, const std::array<std::uint8_t, 4>& selector) {
    return data.size() >= 4 && std::equal(selector.begin(), selector.end(), data.begin());
}

inline Bytes selected(const std::array<std::uint8_t, 4>& selector, const Bytes& arguments) {
    Bytes out(selector.begin(), selector.end());
    out.insert(out.end(), arguments.begin(), arguments.end());
    return out;
}

/// An indexed argument as a log holds it.
inline Topic topic_word(const eth::abi::Encoder& argument) {
    return Topic::from_bytes(argument.finish()).value();
}

}  // namespace lamda::contracts::support
