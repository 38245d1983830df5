// HMAC-SHA256 (RFC 2104, FIPS 198-1), and comparison of secrets.
#pragma once

#include <string_view>

#include "core/ids.hpp"

namespace lamda::crypto {

Bytes32 hmac_sha256(std::string_view key, std::string_view message);

/// Compares in constant time.
bool same_code(const Bytes32& a, const Bytes32& b);
/// Compares texts of any length in constant time.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace lamda::crypto
