#include "services/api-gateway/access/secret_token.hpp"

#include <algorithm>

#include "core/u256.hpp"
#include "crypto/digest.hpp"

namespace lamda::gateway {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kRandomDigits = 43;  // 62^43 > 2^256
constexpr std::size_t kCheckDigits = 6;    // 62^6 > 2^32

std::string base62(U256 value, std::size_t digits) {
    std::string out(digits, '0');
    for (std::size_t i = digits; i-- > 0; value /= 62) {
        out[i] = kDigits[(value % 62).convert_to<std::size_t>()];
    }
    return out;
}

std::string checksum_of(std::string_view text) {
    const auto digest = crypto::sha256(as_bytes(text));
    return base62(u256_from_be(digest.view().first(4)).value(), kCheckDigits);
}

}  // namespace

std::string make_secret_token(std::string_view prefix) {
    const auto random = random_bytes32();
    std::string out = std::string(prefix) + base62(u256_from_be(random.view()).value(), kRandomDigits);
    return out + checksum_of(out);
}

bool is_secret_token(std::string_view prefix, std::string_view text) {
    if (!text.starts_with(prefix) || text.size() != prefix.size() + kRandomDigits + kCheckDigits) {
        return false;
    }
    const auto rest = text.substr(prefix.size());
    return std::all_of(rest.begin(), rest.end(),
                       [](char c) { return kDigits.find(c) != std::string_view::npos; }) &&
           checksum_of(text.substr(0, text.size() - kCheckDigits)) == text.substr(text.size() - kCheckDigits);
}

Bytes32 digest_of_token(std::string_view token) {
    return crypto::sha256(as_bytes(token));
}

}  // namespace lamda::gateway
