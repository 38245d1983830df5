#include "services/api-gateway/idempotency/idempotency_key.hpp"

#include "crypto/digest.hpp"

namespace lamda::gateway {

namespace {

constexpr std::size_t kLongestKey = 128;

}  // namespace

std::optional<std::string> idempotency_key(const http::Request& request) {
    const auto header = request.headers.find("idempotency-key");
    if (header == request.headers.end()) {
        return std::nullopt;
    }
    if (header->second.empty() || header->second.size() > kLongestKey) {
        throw problem::invalid({"invalid_key", "Idempotency-Key must have 1 to 128 bytes", ""},
                               "Idempotency-Key");
    }
    return header->second;
}

problem::Problem key_reused(const std::string& advice) {
    return {422,
            "key_reused",
            "",
            "this Idempotency-Key was used with another body",
            {{"Idempotency-Key", "key_reused", advice}}};
}

std::string command_id(const http::Request& request, const std::string& caller) {
    const auto key = idempotency_key(request);
    return key ? crypto::sha256(as_bytes(caller + "\n" + *key)).hex() : request.request_id;
}

}  // namespace lamda::gateway
