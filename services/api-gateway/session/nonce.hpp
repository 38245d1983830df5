// Nonces of sign-ins: proven by a code instead of being stored, so that requests for them use no disk.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::gateway {

/// Time in which a nonce can be used.
inline constexpr Millis kNonceValidity = std::chrono::minutes(10);

struct Nonce {
    std::string text;  ///< 64 lowercase hex digits
    Timestamp issued_at;
    Timestamp expires_at;
};

/// Makes a nonce of 4 bytes of time, 16 random bytes and 12 bytes of an HMAC-SHA256 over both. @param key
/// shared by the gateways of a database
Nonce make_nonce(const Bytes32& key, Timestamp now);
/// The nonce's 32 bytes. Errors: `invalid_nonce` if it was not made with the key, `nonce_expired`.
Result<Bytes32> check_nonce(const Bytes32& key, std::string_view text, Timestamp now);

}  // namespace lamda::gateway
