#include "store/values.hpp"

#include "core/utf8.hpp"

namespace lamda::store {

std::string storable(std::string_view text, std::size_t most) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t length = text[at] == '\0' ? 0 : utf8_sequence(text.substr(at));
        const std::string_view next = length == 0 ? kReplacementCharacter : text.substr(at, length);
        if (out.size() + next.size() > most) {
            break;
        }
        out += next;
        at += length == 0 ? 1 : length;
    }
    return out;
}

void detail::append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    out += '"';
}

}  // namespace lamda::store
