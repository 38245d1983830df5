// Comparison of a sign-in message with what the gateway accepts: domain, chain, nonce and times.
#pragma once

#include <string>
#include <vector>

#include "services/api-gateway/session/sign_in_message.hpp"

namespace lamda::gateway {

/// Applications that a wallet may sign in to.
struct SignInDomains {
    std::vector<std::string> names;  ///< host, or host:port, in lowercase
    /// True: also applications on the user's own machine (localhost, 127.0.0.1, [::1]), on any port.
    bool loopback = false;
    bool allow(std::string_view domain) const;
};

struct SignInRules {
    const SignInDomains& domains;
    ChainId chain_id;
    Bytes32 nonce_key;
    Timestamp now;
};

/// Tolerance between a wallet's clock and the database's.
inline constexpr Millis kClockTolerance = std::chrono::minutes(2);

/// Returns every reason to refuse the message: `wrong_domain`, `wrong_uri`, `wrong_chain`, `invalid_nonce`,
/// `nonce_expired`, `issued_in_future`, `issued_too_long_ago`, `expired`, `not_yet_valid`. Empty: none. A
/// nonce that was used is not in it.
std::vector<Error> check_sign_in(const SignInMessage& message, const SignInRules& rules);

}  // namespace lamda::gateway
