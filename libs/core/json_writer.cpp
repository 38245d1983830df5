#include "core/json_writer.hpp"

#include "core/utf8.hpp"

namespace lamda {

namespace {

bool is_plain(char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

void append_number(std::string& out, char32_t character) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += "\\u";
    for (const int shift : {12, 8, 4, 0}) {
        out += kHex[character >> shift & 0x0F];
    }
}

/// @param sequence one valid UTF-8 sequence
void append_character(std::string& out, std::string_view sequence, JsonEscapes escapes) {
    const char32_t character = code_point(sequence);
    switch (character) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (character < 0x20 || (escapes == JsonEscapes::kSteering && steers_output(character))) {
        append_number(out, character);
    } else {
        out += sequence;
    }
}

}  // namespace

bool steers_output(char32_t character) {
    const auto in = [&](char32_t low, char32_t high) { return character >= low && character <= high; };
    return character < 0x20 || in(0x7F, 0x9F) || character == 0x061C || in(0x200E, 0x200F) ||
           in(0x2028, 0x202E) || in(0x2066, 0x2069);
}

void append_json_escaped(std::string& out, std::string_view text, JsonEscapes escapes) {
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(text[plain])) {
            ++plain;
        }
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) {
            return;
        }
        const std::size_t length = utf8_sequence(text);
        if (length == 0) {
            out += kReplacementCharacter;
        } else {
            append_character(out, text.substr(0, length), escapes);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
}

void append_json_string(std::string& out, std::string_view text, JsonEscapes escapes) {
    out += '"';
    append_json_escaped(out, text, escapes);
    out += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    append_json_string(out_, name, escapes_);
    out_ += ':';
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
    separate();
    append_json_string(out_, value, escapes_);
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    if (!json.empty()) {
        separate();
        out_ += json;
    }
    return *this;
}

void JsonWriter::separate() {
    // No value ends with one of these three.
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':') {
        out_ += ',';
    }
}

JsonWriter& JsonWriter::open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    out_ += bracket;
    return *this;
}

}  // namespace lamda
