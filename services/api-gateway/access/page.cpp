#include "services/api-gateway/access/page.hpp"

#include <algorithm>

namespace lamda::gateway {

namespace {

std::string header(const http::Request& request, const std::string& name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? "" : found->second;
}

bool lists(const Config& config, const std::string& origin) {
    return std::find(config.cors_origins.begin(), config.cors_origins.end(), origin) !=
           config.cors_origins.end();
}

}  // namespace

bool is_trusted_page(const Config& config, const http::Request& request) {
    const auto origin = header(request, "origin");
    if (origin.empty()) {
        return false;
    }
    // Pages cannot set this header. It spares the comparison with Host, whose port a proxy may remove.
    if (header(request, "sec-fetch-site") == "same-origin") {
        return true;
    }
    const auto host = header(request, "host");
    const bool secure = config.production || request.secure;
    if (!host.empty() && (origin == "https://" + host || (origin == "http://" + host && !secure))) {
        return true;
    }
    return origin != "*" && lists(config, origin);
}

void require_listed_page(const Config& config, const http::Request& request) {
    if (!header(request, "origin").empty() && !lists(config, "*") && !is_trusted_page(config, request)) {
        throw problem::Problem{
            403, "foreign_origin", "", "pages of this origin may not listen; see CORS_ALLOWED_ORIGINS", {}};
    }
}

}  // namespace lamda::gateway
