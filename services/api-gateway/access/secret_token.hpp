// Bearer tokens that the gateway makes: sessions and API keys. Only their digests are stored.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.hpp"

namespace lamda::gateway {

/// Begins the token of a session.
inline constexpr std::string_view kSessionPrefix = "lamda_session_";
/// Begins an API key. Secret scanners recognise both by prefix and checksum.
inline constexpr std::string_view kKeyPrefix = "lamda_key_";

/// The prefix, 43 base62 digits of 256 random bits, and 6 base62 digits of a checksum (the first 4 bytes of
/// the SHA-256 of all before it).
std::string make_secret_token(std::string_view prefix);
/// True for a text of this form with the right checksum.
bool is_secret_token(std::string_view prefix, std::string_view text);
/// SHA-256 of the token: by it a token is found, and from it none can be made.
Bytes32 digest_of_token(std::string_view token);

}  // namespace lamda::gateway
