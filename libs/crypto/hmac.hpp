// HMAC-SHA256 (RFC 2104, FIPS 198-1): proof that whoever wrote a message knows a key.
#pragma once

#include <string_view>

#include "core/ids.hpp"

namespace lamda::crypto {

Bytes32 hmac_sha256(std::string_view key, std::string_view message);

/// In a time that does not depend on where the two differ.
bool same_code(const Bytes32& a, const Bytes32& b);
/// The same for texts of any length.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace lamda::crypto
