#include "ipfs/detail/redirect.hpp"

#include <algorithm>

#include "core/deadline.hpp"

namespace lamda::ipfs {

namespace {

constexpr std::size_t kMostUrl = 8'192;

bool is_http(std::string_view url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// True if the text begins with a scheme (RFC 3986, section 3.1).
bool has_scheme(std::string_view text) {
    const auto colon = text.find(':');
    return colon != std::string_view::npos && colon < text.find_first_of("/?#");
}

}  // namespace

std::optional<std::string> resolve_location(std::string_view base, std::string_view location) {
    location = location.substr(0, location.find('#'));
    const bool printable = std::none_of(location.begin(), location.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    });
    if (location.empty() || location.size() > kMostUrl || !printable || !is_http(base)) {
        return std::nullopt;
    }
    if (has_scheme(location)) {
        // Schemes are case-insensitive (RFC 3986, section 3.1).
        const auto colon = location.find(':');
        std::string url(location);
        std::transform(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(colon), url.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        return is_http(url) ? std::optional(url) : std::nullopt;
    }
    const auto scheme_end = base.find("://") + 3;
    if (location.starts_with("//")) {
        return std::string(base.substr(0, scheme_end - 2)).append(location);
    }
    const auto path = std::min(base.find_first_of("/?#", scheme_end), base.size());
    const std::string origin(base.substr(0, path));
    if (location.starts_with('/')) {
        return origin + std::string(location);
    }
    const auto query = std::min(base.find_first_of("?#", path), base.size());
    const auto whole = base.substr(path, query - path);
    if (location.starts_with('?')) {
        return origin + std::string(whole) + std::string(location);
    }
    const auto slash = whole.rfind('/');
    const auto folder = slash == std::string_view::npos ? std::string_view("/") : whole.substr(0, slash + 1);
    return origin + std::string(folder) + std::string(location);
}

net::HttpResponse send_following(net::Transport& http, net::HttpRequest request) {
    const SystemClock clock;
    const Deadline deadline(clock, request.timeout);
    for (int followed = 0;; ++followed) {
        auto answer = http.send(request);
        const auto location = is_redirect(answer.status) ? answer.header("Location") : std::nullopt;
        const auto next = location ? resolve_location(request.url, *location) : std::nullopt;
        if (!next || followed == kMostRedirects) {
            return answer;
        }
        request.url = *next;
        if (deadline.passed()) {
            throw net::TransportError(net::TransportError::Kind::kTimeout, "redirected until the timeout");
        }
        request.timeout = std::max(deadline.left(), Millis(1));
    }
}

}  // namespace lamda::ipfs
