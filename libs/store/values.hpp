// Values in the form in which PostgreSQL takes them.
#pragma once

#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace lamda::store {

/// Text from outside as PostgreSQL can hold it: UTF-8 without NUL, at most `most` bytes; what is neither
/// becomes U+FFFD.
std::string storable(std::string_view text, std::size_t most = 4'096);

/// `{"\\x…","\\x…"}` of a range of addresses or hashes: to be cast to bytea[].
template <class Range>
std::string bytea_array(const Range& values) {
    std::string out = "{";
    for (const auto& value : values) {
        out += (out.size() > 1 ? ",\"\\\\x" : "\"\\\\x") + to_hex_bare(value.view()) + '"';
    }
    return out + "}";
}

}  // namespace lamda::store
