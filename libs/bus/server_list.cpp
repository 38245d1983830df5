#include "bus/server_list.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace lamda::bus {

namespace {

struct Login {
    std::string user;
    std::string password;
    std::string token;
    bool operator==(const Login&) const = default;
};

Error invalid(const std::string& message) {
    return Error{"invalid_nats_url", message, ""};
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// RFC 3986, section 2.1. Absent: a % without two hex digits, or %00.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        if (high + low == 0) {
            return std::nullopt;  // the client library's texts end there
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

bool is_host_and_port(std::string_view text) {
    std::size_t host_end = 0;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos || close < 3) {
            return false;
        }
        host_end = close + 1;
    } else {
        host_end = std::min(text.find(':'), text.size());
        if (host_end == 0 ||
            !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(host_end), is_host_char)) {
            return false;
        }
    }
    if (host_end == text.size()) {
        return true;
    }
    const auto port = text.substr(host_end + 1);
    const bool digits = text[host_end] == ':' && !port.empty() && port.size() <= 5 &&
                        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits && std::stoul(std::string(port)) >= 1 && std::stoul(std::string(port)) <= 65'535;
}

Result<Login> login_of(std::string_view credentials) {
    const auto colon = credentials.find(':');
    const auto first = percent_decoded(credentials.substr(0, colon));
    const auto second = colon == std::string_view::npos ? std::optional<std::string>("")
                                                        : percent_decoded(credentials.substr(colon + 1));
    if (!first || !second) {
        return invalid("a % of the user or password must be written as %25");
    }
    if (colon == std::string_view::npos) {
        return Login{"", "", *first};
    }
    if (first->empty()) {
        return invalid("the user before the password is missing");
    }
    return Login{*first, *second, ""};
}

}  // namespace

Result<ServerList> parse_servers(const std::string& text) {
    ServerList out;
    std::optional<Login> login;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        std::string_view one = std::string_view(text).substr(begin, end - begin);
        begin = end + 1;
        while (!one.empty() && one.front() == ' ') {
            one.remove_prefix(1);
        }
        while (!one.empty() && one.back() == ' ') {
            one.remove_suffix(1);
        }
        if (one.empty()) {
            continue;
        }
        const auto scheme_end = one.find("://");
        const auto scheme = one.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end);
        if (scheme != "nats" && scheme != "tls") {
            return invalid("must be nats://host:port or tls://host:port, several comma-separated");
        }
        auto rest = one.substr(scheme_end + 3);
        if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
            auto read = login_of(rest.substr(0, at));
            if (!read) {
                return read.error();
            }
            if (login && *login != *read) {
                return invalid(
                    "all its URLs must have the same user and password: the servers share one login");
            }
            login = *read;
            rest = rest.substr(at + 1);
        }
        if (rest.ends_with('/')) {
            rest.remove_suffix(1);
        }
        if (!is_host_and_port(rest)) {
            return invalid(
                "must have host and port after nats:// (are special characters of the password not "
                "percent-encoded?)");
        }
        out.urls.push_back(std::string(scheme) + "://" + std::string(rest));
    }
    if (out.urls.empty()) {
        return invalid("must name at least one server: nats://host:port");
    }
    if (login) {
        out.user = login->user;
        out.password = login->password;
        out.token = login->token;
    }
    return out;
}

}  // namespace lamda::bus
