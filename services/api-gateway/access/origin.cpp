#include "services/api-gateway/access/origin.hpp"

#include <algorithm>
#include <string_view>

namespace lamda::gateway {

namespace {

Error invalid(const std::string& message) {
    return Error{"invalid_origin", message, ""};
}

std::string lowercase(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return out;
}

bool is_host(std::string_view host) {
    if (host.starts_with('[')) {
        return host.size() > 3 && host.ends_with(']') &&
               std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
                   return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
               });
    }
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

bool is_port(std::string_view port) {
    return !port.empty() && port.size() <= 5 && port[0] != '0' &&
           std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
           std::stoul(std::string(port)) <= 65'535;
}

}  // namespace

Result<std::string> parse_origin(std::string_view text) {
    if (text == "*") {
        return std::string(text);
    }
    const std::string lower = lowercase(text);
    const auto scheme_end = lower.find("://");
    const std::string scheme = scheme_end == std::string::npos ? "" : lower.substr(0, scheme_end);
    // Schemes of browser extensions and of common wrappers of web applications.
    constexpr std::string_view kOthers[] = {
        "chrome-extension", "moz-extension", "capacitor", "ionic", "tauri", "app"};
    const bool other = std::find(std::begin(kOthers), std::end(kOthers), scheme) != std::end(kOthers);
    if (scheme != "https" && scheme != "http" && !other) {
        return invalid("an origin must begin with https:// or http://; separate several origins by commas");
    }
    std::string rest = lower.substr(scheme_end + 3);
    if (rest.ends_with('/')) {
        rest.pop_back();
    }
    if (rest.find('*') != std::string::npos) {
        return invalid("a * inside an origin is not supported; name each origin, or use * alone for all");
    }
    if (rest.find_first_of("/?#") != std::string::npos) {
        return invalid("an origin must end with its host or port, without a path");
    }
    const auto bracket = rest.rfind(']');
    const auto colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
    const std::string host = rest.substr(0, colon);
    if (!is_host(host)) {
        return invalid(
            "an origin must consist of scheme, host and port; write international names in their xn-- form");
    }
    if (colon == std::string::npos) {
        return scheme + "://" + host;
    }
    const std::string port = rest.substr(colon + 1);
    if (!is_port(port)) {
        return invalid("an origin's port must be a number from 1 to 65535");
    }
    const bool is_default = (scheme == "https" && port == "443") || (scheme == "http" && port == "80");
    return scheme + "://" + host + (is_default ? "" : ":" + port);
}

}  // namespace lamda::gateway
