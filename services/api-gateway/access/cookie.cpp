#include "services/api-gateway/access/cookie.hpp"

#include <algorithm>

#include "services/api-gateway/session/session_store.hpp"

namespace lamda::gateway {

namespace {

constexpr std::string_view kName = "lamda_session";

std::string header(const http::Request& request, const std::string& name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? "" : found->second;
}

std::string with_attributes(const Config& config, const http::Request& request, const std::string& value,
                            std::int64_t max_age) {
    std::string out = std::string(kName) + "=" + value + "; Path=/api; Max-Age=" + std::to_string(max_age) +
                      "; HttpOnly; SameSite=" + (config.cookie_same_site == "none" ? "None" : "Lax");
    // Browsers ignore SameSite=None without Secure.
    if (config.cookie_same_site == "none" || config.production || request.secure) {
        out += "; Secure";
    }
    return out;
}

}  // namespace

std::string session_cookie_of(const http::Request& request) {
    const auto cookies = header(request, "cookie");
    for (std::size_t from = 0; from < cookies.size();) {
        const auto end = std::min(cookies.find(';', from), cookies.size());
        auto pair = std::string_view(cookies).substr(from, end - from);
        pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
        if (pair.starts_with(kName) && pair.substr(kName.size()).starts_with('=')) {
            return std::string(pair.substr(kName.size() + 1));
        }
        from = end + 1;
    }
    return "";
}

std::string set_session_cookie(const Config& config, const http::Request& request, const std::string& token) {
    return with_attributes(config, request, token,
                           std::chrono::duration_cast<std::chrono::seconds>(kSessionLongest).count());
}

std::string clear_session_cookie(const Config& config, const http::Request& request) {
    return with_attributes(config, request, "", 0);
}

}  // namespace lamda::gateway
