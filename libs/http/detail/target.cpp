#include "http/detail/target.hpp"

#include <algorithm>

#include "core/hex_digit.hpp"
#include "core/utf8.hpp"

namespace lamda::http {

namespace {

/// RFC 3986, section 3.1: schemes are case-insensitive.
bool has_scheme(std::string_view text, std::string_view scheme) {
    return text.size() >= scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), text.begin(), [](char expected, char c) {
               return expected == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
           });
}

bool is_clean_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        if (length == 0 || byte < 0x20 || byte == 0x7F) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

Error bad(const std::string& code, const std::string& what) {
    return {code, what + " must be percent-encoded UTF-8 without control characters", ""};
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return bad("invalid_encoding", "text");
            }
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    if (!is_clean_utf8(out)) {
        return bad("invalid_encoding", "text");
    }
    return out;
}

std::vector<std::string_view> split_path(std::string_view path) {
    std::vector<std::string_view> out;
    if (path.size() <= 1) {
        return out;
    }
    path.remove_prefix(1);
    while (true) {
        const std::size_t slash = path.find('/');
        out.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) {
            return out;
        }
        path.remove_prefix(slash + 1);
    }
}

Result<Target> parse_target(std::string_view text) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (has_scheme(text, scheme)) {
            text.remove_prefix(scheme.size());
            const std::size_t path = text.find_first_of("/?");
            text = path == std::string_view::npos ? std::string_view("/") : text.substr(path);
            break;
        }
    }
    Target out;
    const std::size_t mark = text.find('?');
    out.path = std::string(text.substr(0, mark));
    if (out.path.empty()) {
        out.path = "/";
    }
    if (out.path == "*") {
        return out;
    }
    if (out.path[0] != '/') {
        return bad("invalid_path", "the path");
    }
    for (const auto piece : split_path(out.path)) {
        auto decoded = percent_decode(piece, false);
        if (!decoded) {
            return bad("invalid_path", "the path");
        }
        out.segments.push_back(*std::move(decoded));
    }
    if (mark == std::string_view::npos) {
        return out;
    }
    std::string_view query = text.substr(mark + 1);
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        if (pair.empty()) {
            continue;
        }
        const std::size_t equals = pair.find('=');
        auto key = percent_decode(pair.substr(0, equals), true);
        auto value = percent_decode(
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
        if (!key || !value) {
            return bad("invalid_query", "the query");
        }
        out.query.emplace(*std::move(key), *std::move(value));
    }
    return out;
}

}  // namespace lamda::http
