#include "telemetry/shown_text.hpp"

#include "telemetry/json_text.hpp"

namespace lamda::telemetry {

bool steers_output(char32_t character) {
    const auto in = [&](char32_t low, char32_t high) { return character >= low && character <= high; };
    return character < 0x20 || in(0x7F, 0x9F) || character == 0x061C || in(0x200E, 0x200F) ||
           in(0x2028, 0x202E) || in(0x2066, 0x2069);
}

std::string shown_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
            text.remove_prefix(1);
            continue;
        }
        append_shown(out, text.substr(0, length));
        text.remove_prefix(length);
    }
    return out;
}

std::string shown_lines(std::string_view text) {
    std::string out;
    while (true) {
        const auto end = text.find('\n');
        out += shown_text(text.substr(0, end));
        if (end == std::string_view::npos) {
            return out;
        }
        out += '\n';
        text.remove_prefix(end + 1);
    }
}

}  // namespace lamda::telemetry
