// SHA-1, for one protocol that demands it.
#pragma once

#include <string>
#include <string_view>

namespace lamda::crypto {

/// SHA-1 (FIPS 180-4) in base64 (RFC 4648, section 4). For the handshake of a WebSocket (RFC 6455, section
/// 4.2.2) only: collisions are known.
std::string sha1_base64(std::string_view text);

}  // namespace lamda::crypto
