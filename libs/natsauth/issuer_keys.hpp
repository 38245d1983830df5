// The keys of the issuing service: the content of the file that `lamda nats init` writes for it.
#pragma once

#include "natsauth/credentials.hpp"
#include "natsauth/market_accounts.hpp"

namespace lamda::natsauth {

struct IssuerKeys {
    Nkey operator_key;  ///< signs providers' accounts
    Nkey agents_key;    ///< signs providers' users
    /// Public halves of earlier keys for users, which stay valid until the rotation is finished.
    std::vector<std::string> former_agents_keys;
    AccountKeys accounts;
    Credentials system;  ///< of the user `issuer`, who sends accounts to the server

    /// The keys that may sign a provider's users: the present one and the former ones.
    std::vector<std::string> signing_keys() const;
};

/// JSON. Secret.
std::string to_text(const IssuerKeys& keys);
/// The error never repeats the text. Errors: `invalid_issuer_keys`.
Result<IssuerKeys> parse_issuer_keys(std::string_view text);

}  // namespace lamda::natsauth
