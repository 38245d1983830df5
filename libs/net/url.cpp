// Redacts and encodes URLs (redact_url, url_encode, http_message.hpp).
#include <algorithm>

#include "net/http_client.hpp"

namespace lamda::net {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A host with an optional port. Any other text may be part of a password that was not encoded.
bool is_plain_host(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        if (end == std::string_view::npos) {
            return false;
        }
        const auto inside = host.substr(1, end - 1);
        const auto port = host.substr(end + 1);
        return std::all_of(inside.begin(), inside.end(),
                           [](char c) { return is_alnum(c) || c == ':' || c == '.'; }) &&
               (port.empty() || (port[0] == ':' && std::all_of(port.begin() + 1, port.end(), is_digit)));
    }
    const auto colon = host.find(':');
    const auto name = host.substr(0, colon);
    const auto port = colon == std::string_view::npos ? std::string_view() : host.substr(colon + 1);
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return is_alnum(c) || c == '.' || c == '-' || c == '_';
    }) && std::all_of(port.begin(), port.end(), is_digit);
}

}  // namespace

std::string redact_url(std::string_view url) {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos ||
        !std::all_of(url.begin(), url.begin() + scheme_end, is_alnum)) {
        return "(not a URL)";
    }
    const std::string scheme(url.substr(0, scheme_end + 3));
    const auto rest = url.substr(scheme_end + 3);
    const auto end = std::min(rest.find_first_of("/?#"), rest.size());
    auto authority = rest.substr(0, end);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        authority = authority.substr(at + 1);
    } else if (rest.find('@') != std::string_view::npos) {
        return scheme + "(hidden)";
    }
    return scheme + (is_plain_host(authority) ? std::string(authority) : "(hidden)");
}

std::string url_encode(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(kDigits[byte >> 4]);
            out.push_back(kDigits[byte & 15]);
        }
    }
    return out;
}

}  // namespace lamda::net
