#include "services/api-gateway/access/operator_access.hpp"

#include <algorithm>

#include "crypto/hmac.hpp"

namespace lamda::gateway {

std::string bearer_of(const std::string& credentials) {
    const std::size_t blank = std::min(credentials.find(' '), credentials.size());
    const std::size_t token = std::min(credentials.find_first_not_of(' ', blank), credentials.size());
    std::string scheme = credentials.substr(0, blank);
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return scheme == "bearer" ? credentials.substr(token) : "";
}

std::string bearer_token(const http::Request& request) {
    const auto header = request.headers.find("authorization");
    return header == request.headers.end() ? "" : bearer_of(header->second);
}

std::optional<http::Response> check_token(const Config& config, TokenGuard& guard,
                                          const http::Request& request) {
    if (config.operator_token.empty()) {
        return to_response({403, "forbidden", "", "no operator token is configured (OPERATOR_TOKEN)", {}},
                           request);
    }
    const auto header = request.headers.find("authorization");
    if (const int wait = guard.wait_for(request.client); header != request.headers.end() && wait > 0) {
        problem::Problem problem{
            429, "too_many_wrong_tokens", "", "too many wrong tokens from this address", {}};
        problem.retry_after = wait;
        return to_response(problem, request);
    }
    if (header != request.headers.end() &&
        crypto::same_secret(bearer_of(header->second), config.operator_token.reveal())) {
        return std::nullopt;
    }
    if (header != request.headers.end()) {
        guard.wrong(request.client, request.request_id);
    }
    auto response =
        to_response({401, "unauthorized", "", "the operator's bearer token is required", {}}, request);
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

}  // namespace lamda::gateway
