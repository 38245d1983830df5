#include "services/api-gateway/session/nonce.hpp"

#include <algorithm>

#include "crypto/hmac.hpp"

namespace lamda::gateway {

namespace {

constexpr std::size_t kTimeBytes = 4;
constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kSignedBytes = kTimeBytes + kRandomBytes;
/// Between the clocks of a database and of its successor.
constexpr Millis kTolerance = std::chrono::minutes(1);

void sign(Bytes32& nonce, const Bytes32& key) {
    const std::string content = "sign-in nonce\n" + as_string(nonce.view().first(kSignedBytes));
    const auto code = crypto::hmac_sha256(as_string(key.view()), content);
    std::copy_n(code.array().begin(), Bytes32::kSize - kSignedBytes, nonce.array().begin() + kSignedBytes);
}

Timestamp time_of(const Bytes32& nonce) {
    std::uint64_t seconds = 0;
    for (std::size_t i = 0; i < kTimeBytes; ++i) {
        seconds = seconds << 8 | nonce.array()[i];
    }
    return from_unix_seconds(seconds);
}

}  // namespace

Nonce make_nonce(const Bytes32& key, Timestamp now) {
    Bytes32 bytes = random_bytes32();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    for (std::size_t i = 0; i < kTimeBytes; ++i) {
        bytes.array()[i] = static_cast<std::uint8_t>(seconds >> (8 * (kTimeBytes - 1 - i)));
    }
    sign(bytes, key);
    const auto issued_at = time_of(bytes);
    return {to_hex_bare(bytes.view()), issued_at, issued_at + kNonceValidity};
}

Result<Bytes32> check_nonce(const Bytes32& key, std::string_view text, Timestamp now) {
    const Error unknown{"invalid_nonce", "unknown nonce; request one from GET /api/session/nonce", ""};
    const auto bytes = from_hex(text);
    if (!bytes || bytes->size() != Bytes32::kSize || to_hex_bare(*bytes) != text) {
        return unknown;
    }
    const auto nonce = Bytes32::from_bytes(*bytes).value();
    Bytes32 expected = nonce;
    sign(expected, key);
    if (!crypto::same_code(expected, nonce) || time_of(nonce) > now + kTolerance) {
        return unknown;
    }
    if (time_of(nonce) + kNonceValidity <= now) {
        return Error{"nonce_expired", "the nonce has expired; request a new one from GET /api/session/nonce",
                     ""};
    }
    return nonce;
}

}  // namespace lamda::gateway
