#include "telemetry/shown_text.hpp"

#include "core/json_writer.hpp"
#include "core/utf8.hpp"

namespace lamda::telemetry {

std::string shown_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        const auto character = text.substr(0, length == 0 ? 1 : length);
        if (length == 0 || steers_output(code_point(character))) {
            append_json_escaped(out, character, JsonEscapes::kSteering);
        } else {
            out += character;
        }
        text.remove_prefix(character.size());
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
