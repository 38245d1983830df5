#include "store/text_value.hpp"

#include "core/bytes.hpp"

namespace lamda::store {

void append_value(std::string& out, const U256& value) {
    if (value <= std::numeric_limits<std::uint64_t>::max()) {
        append_value(out, value.convert_to<std::uint64_t>());
    } else {
        out += to_decimal(value);
    }
}

void append_value(std::string& out, Timestamp value) {
    out += to_rfc3339(value);
}

void append_value(std::string& out, BytesView value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\x";
    auto at = out.size();
    out.resize(at + value.size() * 2);
    for (const auto byte : value) {
        out[at++] = kDigits[byte >> 4];
        out[at++] = kDigits[byte & 15];
    }
}

}  // namespace lamda::store
