#include "http/detail/representation.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "http/detail/field_list.hpp"
#include "http/detail/gzip.hpp"

namespace lamda::http {

namespace {

constexpr std::size_t kTagBytes = 16;

std::string_view value_of(const Request& request, const char* name) {
    const auto at = request.headers.find(name);
    return at == request.headers.end() ? std::string_view() : std::string_view(at->second);
}

bool has_credentials(const Request& request) {
    return request.headers.contains("authorization") || request.headers.contains("cookie");
}

bool is_stored_nowhere(Response& response) {
    const auto* const control = find_header(response, "cache-control");
    return control != nullptr && control->find("no-store") != std::string::npos;
}

/// Adds the tag unless the handler has; then answers 304 if the client names it.
void validate(Response& response, const Request& request) {
    const auto* tag = find_header(response, "etag");
    if (tag == nullptr) {
        response.headers.emplace_back("ETag", entity_tag(response.body));
        tag = &response.headers.back().second;
    }
    if (names_tag(value_of(request, "if-none-match"), *tag)) {
        response.status = 304;
        response.body.clear();
    }
}

}  // namespace

std::string* find_header(Response& response, std::string_view name) {
    const auto at = std::find_if(response.headers.begin(), response.headers.end(), [&](const auto& header) {
        return std::equal(header.first.begin(), header.first.end(), name.begin(), name.end(),
                          [](char a, char b) { return lower(a) == lower(b); });
    });
    return at == response.headers.end() ? nullptr : &at->second;
}

std::string entity_tag(std::string_view body) {
    return "W/\"" + crypto::sha256(as_bytes(body)).hex().substr(2, 2 * kTagBytes) + "\"";
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
    const auto opaque = [](std::string_view text) { return text.starts_with("W/") ? text.substr(2) : text; };
    if (trimmed(if_none_match) == "*") {
        return true;
    }
    const auto items = list_items(if_none_match);
    return std::any_of(items.begin(), items.end(),
                       [&](std::string_view item) { return opaque(item) == opaque(tag); });
}

void represent(Response& response, const Request& request, const RepresentationRules& rules,
               MemoryBudget* memory) {
    const bool whole = response.status == 200 && response.feed == nullptr && !is_stored_nowhere(response);
    const bool read = request.method == "GET" || request.method == "HEAD";
    const bool compressible = rules.compression && whole && is_compressible(response.content_type) &&
                              find_header(response, "content-encoding") == nullptr;
    if (compressible) {
        add_vary(response, "Accept-Encoding");
    }
    if (rules.validators) {
        const bool reusable = whole && read;
        if (find_header(response, "cache-control") == nullptr) {
            response.headers.emplace_back("Cache-Control", !reusable                  ? "no-store"
                                                           : has_credentials(request) ? "private, no-cache"
                                                                                      : "no-cache");
        }
        if (reusable) {
            validate(response, request);
        }
    }
    if (compressible && response.body.size() >= kLeastCompressed && !request.headers.contains("cookie") &&
        prefers_gzip(value_of(request, "accept-encoding"))) {
        if (auto compressed = gzip(response.body, memory)) {
            response.body = *std::move(compressed);
            response.headers.emplace_back("Content-Encoding", "gzip");
        }
    }
}

void add_vary(Response& response, std::string_view name) {
    if (auto* const vary = find_header(response, "vary")) {
        const auto items = list_items(*vary);
        if (std::find(items.begin(), items.end(), name) == items.end()) {
            *vary += ", " + std::string(name);
        }
    } else {
        response.headers.emplace_back("Vary", name);
    }
}

}  // namespace lamda::http
