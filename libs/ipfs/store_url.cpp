#include "ipfs/store_url.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace lamda::ipfs {

namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

Error wrong(const std::string& message) {
    return Error{"invalid_store_url", message, ""};
}

bool is_port(std::string_view text) {
    std::uint32_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

/// True for `host`, `host:port`, `[v6]`, `[v6]:port`, each after an optional `user:password@`.
bool is_authority(std::string_view text) {
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        text.remove_prefix(at + 1);
    }
    std::string_view host;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end == 1) {
            return false;
        }
        host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (host.find_first_not_of("0123456789abcdefABCDEF:.%") != std::string_view::npos) {
            return false;
        }
    } else {
        host = text.substr(0, text.find(':'));
        text.remove_prefix(host.size());
        if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_char)) {
            return false;
        }
    }
    return text.empty() || (text.starts_with(':') && is_port(text.substr(1)));
}

/// Checks common to both kinds. @returns the URL without trailing slashes
Result<std::string> parse_base(std::string_view text, const std::string& example) {
    if (text.empty()) {
        return wrong("empty; expected an http or https URL such as " + example);
    }
    if (text.starts_with('/')) {
        return wrong("a multiaddr is not supported; expected an http or https URL such as " + example);
    }
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; })) {
        return wrong("contains white space; separate several URLs by commas");
    }
    const std::string_view scheme =
        text.starts_with(kHttp) ? kHttp : (text.starts_with(kHttps) ? kHttps : std::string_view());
    if (scheme.empty()) {
        return wrong("does not begin with http:// or https://; expected a URL such as " + example);
    }
    if (text.find_first_of("?#") != std::string_view::npos) {
        return wrong("contains a query or a fragment; expected a URL such as " + example);
    }
    const auto rest = text.substr(scheme.size());
    if (!is_authority(rest.substr(0, rest.find('/')))) {
        return wrong("wrong host or port; expected a URL such as " + example);
    }
    while (text.ends_with('/')) {
        text.remove_suffix(1);
    }
    return std::string(text);
}

Result<std::string> parse(std::string_view text, std::string_view end, const std::string& example) {
    auto url = parse_base(text, example);
    if (url && url->ends_with(end)) {
        url->resize(url->size() - end.size());
        while (url->ends_with('/')) {
            url->pop_back();
        }
    }
    return url;
}

}  // namespace

Result<std::string> parse_api_url(std::string_view text) {
    return parse(text, "/api/v0", "http://127.0.0.1:5001");
}

Result<std::string> parse_gateway_url(std::string_view text) {
    return parse(text, "/ipfs", "https://ipfs.io");
}

}  // namespace lamda::ipfs
