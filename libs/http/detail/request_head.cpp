#include "http/detail/request_head.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace lamda::http {

namespace {

bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [kMarks](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kMarks.find(c) != std::string_view::npos;
    });
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t from = text.find_first_not_of(" \t");
    return from == std::string_view::npos ? std::string_view()
                                          : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

bool lists(std::string_view list, std::string_view token) {
    while (true) {
        const std::size_t comma = list.find(',');
        if (lower(trimmed(list.substr(0, comma))) == token) {
            return true;
        }
        if (comma == std::string_view::npos) {
            return false;
        }
        list.remove_prefix(comma + 1);
    }
}

Refusal malformed(std::string detail = "this is not an HTTP/1.1 request") {
    return {400, "malformed_request", std::move(detail)};
}

/// Reads method and target; returns the minor number of the version.
std::variant<int, Refusal> read_request_line(std::string_view line, RequestHead& head) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || has_control(line) ||
        line.find('\t') != std::string_view::npos) {
        return malformed();
    }
    head.method = line.substr(0, first);
    head.target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(head.method) || head.target.empty() || head.target.find(' ') != std::string::npos ||
        version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7])) {
        return malformed();
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return Refusal{505, "unsupported_version", "this server supports HTTP/1.1"};
    }
    return version[7] - '0';
}

bool read_header(std::string_view line, RequestHead& head, std::map<std::string, int>& counts) {
    const std::size_t colon = line.find(':');
    // Also refuses a blank before the colon and a continued line: neither is a token.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line)) {
        return false;
    }
    const std::string name = lower(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    ++counts[name];
    const auto [at, fresh] = head.headers.try_emplace(name, value);
    if (!fresh) {
        at->second.append(", ").append(value);
    }
    return true;
}

std::optional<Refusal> read_framing(RequestHead& head, std::map<std::string, int>& counts, int minor) {
    if (minor >= 1 && counts["host"] != 1) {
        return malformed("one Host header is required");
    }
    const auto length = head.headers.find("content-length");
    const auto coding = head.headers.find("transfer-encoding");
    if (coding != head.headers.end()) {
        head.chunked = lower(coding->second) == "chunked" && minor >= 1;
        if (length != head.headers.end() || !head.chunked) {
            return Refusal{length != head.headers.end() ? 400 : 501, "unsupported_transfer_encoding",
                           "the only transfer encoding is chunked, without Content-Length"};
        }
    }
    if (length != head.headers.end()) {
        const std::string& text = length->second;
        const auto [stopped, error] =
            std::from_chars(text.data(), text.data() + text.size(), head.content_length);
        // Requires the whole text: two lengths joined by a comma would stop from_chars early.
        if (error != std::errc() || stopped != text.data() + text.size()) {
            return malformed("Content-Length must be one number");
        }
    }
    const auto encoding = head.headers.find("content-encoding");
    if (encoding != head.headers.end() && lower(encoding->second) != "identity") {
        return Refusal{415, "unsupported_content_encoding", "send the body without Content-Encoding"};
    }
    return std::nullopt;
}

}  // namespace

std::variant<RequestHead, Refusal> read_head(std::string_view text) {
    RequestHead head;
    std::map<std::string, int> counts;
    std::size_t end = text.find("\r\n");
    const auto minor = read_request_line(text.substr(0, end), head);
    if (const auto* refusal = std::get_if<Refusal>(&minor)) {
        return *refusal;
    }
    for (text.remove_prefix(end + 2); !text.empty(); text.remove_prefix(end + 2)) {
        end = text.find("\r\n");
        if (!read_header(text.substr(0, end), head, counts)) {
            return malformed();
        }
    }
    if (auto refusal = read_framing(head, counts, std::get<int>(minor))) {
        return *std::move(refusal);
    }
    const auto connection = head.headers.find("connection");
    const bool has = connection != head.headers.end();
    head.keep_alive = std::get<int>(minor) >= 1 ? !has || !lists(connection->second, "close")
                                                : has && lists(connection->second, "keep-alive");
    const auto expect = head.headers.find("expect");
    head.expects_continue = expect != head.headers.end() && lower(expect->second) == "100-continue";
    return head;
}

Requester read_requester(std::string_view text) {
    Requester out;
    std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) {
        return out;
    }
    RequestHead head;
    if (std::holds_alternative<int>(read_request_line(text.substr(0, end), head))) {
        out.method = head.method;
        out.path = head.target.substr(0, head.target.find_first_of("?#"));
    }
    std::map<std::string, int> counts;
    for (text.remove_prefix(end + 2); !text.empty(); text.remove_prefix(end + 2)) {
        end = text.find("\r\n");
        if (end == std::string_view::npos || end == 0) {
            break;
        }
        read_header(text.substr(0, end), head, counts);
    }
    if (counts["origin"] == 1) {
        out.origin = head.headers.at("origin");
    }
    return out;
}

}  // namespace lamda::http
