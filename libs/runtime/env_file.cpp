#include "runtime/env_file.hpp"

#include <algorithm>

namespace lamda::runtime {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trimmed_view(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool is_name(std::string_view text) {
    const auto plain = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
           std::all_of(text.begin(), text.end(), plain);
}

/// True if only a comment or nothing follows a closing quote.
bool ends_there(std::string_view rest) {
    return trimmed_view(rest).empty() || (is_space(rest.front()) && trimmed_view(rest).front() == '#');
}

/// Writes into `out`, which has room for the whole value: growing, copying or a short string's own buffer
/// would leave parts of a secret in memory. False: an unclosed quote, or text after it.
bool read_value(std::string_view text, std::string& out) {
    constexpr std::size_t kBeyondOwnBuffer = 64;
    out.reserve(std::max(text.size(), kBeyondOwnBuffer));
    if (text.empty() || (text[0] != '\'' && text[0] != '"')) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '#' && (i == 0 || is_space(text[i - 1]))) {
                out.assign(trimmed_view(text.substr(0, i)));
                return true;
            }
        }
        out.assign(text);
        return true;
    }
    const char quote = text[0];
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == quote) {
            return ends_there(text.substr(i + 1));
        }
        const bool escaped = quote == '"' && text[i] == '\\' && i + 1 < text.size() &&
                             (text[i + 1] == '"' || text[i + 1] == '\\');
        i += escaped ? 1 : 0;
        out += text[i];
    }
    return false;
}

Error wrong(std::size_t line, const std::string& message) {
    return Error{"invalid_env_file", "line " + std::to_string(line) + " " + message, ""};
}

}  // namespace

Result<EnvFile> parse_env_file(std::string_view text) {
    EnvFile out;
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
    }
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        std::string_view line = trimmed_view(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.empty() || line[0] == '#' || line[0] == ';') {
            continue;
        }
        if (line.starts_with("export ")) {
            line = trimmed_view(line.substr(7));
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || !is_name(line.substr(0, equals))) {
            return wrong(number, "must be NAME=value (no white space before the =)");
        }
        std::string value;
        if (!read_value(trimmed_view(line.substr(equals + 1)), value)) {
            return wrong(number, "has an unclosed quote, or text after the closing quote");
        }
        out.insert_or_assign(std::string(line.substr(0, equals)), std::move(value));
    }
    return out;
}

}  // namespace lamda::runtime
