// The message that a wallet signs to sign in (EIP-4361), parsed by its ABNF.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::gateway {

struct SignInMessage {
    std::string scheme;  ///< of the application's origin; empty: not given
    std::string domain;  ///< authority of the application's origin (RFC 3986, section 3.2)
    Address address;
    std::optional<std::string> statement;
    std::string uri;  ///< subject of the signature (RFC 3986)
    ChainId chain_id;
    std::string nonce;
    Timestamp issued_at;
    std::optional<Timestamp> expiration_time;
    std::optional<Timestamp> not_before;
    std::optional<std::string> request_id;
    std::vector<std::string> resources;  ///< URIs
};

/// Bytes of a message; a longer one is refused.
inline constexpr std::size_t kLongestMessage = 8'192;

/// Parses exactly the ABNF of EIP-4361: its lines in its order, ended by LF, ASCII only, an address with the
/// checksum of EIP-55, version 1. Errors: `invalid_message`, which name the field.
Result<SignInMessage> parse_sign_in_message(std::string_view text);

/// Host and port of an http(s) URI, in lowercase; empty: another URI.
std::string authority_of(std::string_view uri);

}  // namespace lamda::gateway
