// Requests credentials of the bus from the market's gateway (docs/protocol.md, "Credentials of the bus").
#pragma once

#include <stdexcept>
#include <string>

#include "net/transport.hpp"
#include "wire/documents/agent_credentials.hpp"

namespace lamda::agent {

/// The gateway does not answer, or asks to try again.
class CredentialsUnavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The gateway refuses: registration, settings or the operator have to change.
class CredentialsRefused : public std::runtime_error {
  public:
    CredentialsRefused(const std::string& what, std::string code)
        : std::runtime_error(what), code_(std::move(code)) {}
    /// The problem's code, such as `not_registered` or `revoked`.
    const std::string& code() const { return code_; }

  private:
    std::string code_;
};

class CredentialsClient {
  public:
    /// @param gateway_url http(s)://host[:port][/path], without a slash at the end
    CredentialsClient(net::Transport& http, std::string gateway_url, const crypto::Signer& signer);

    /// Two requests: challenge and proof. The signed message consists of the client's own market, provider
    /// and NKey; only nonce and expiry are the gateway's.
    /// @param nkey public, U…
    /// @throws CredentialsUnavailable, CredentialsRefused, those of Signer::sign
    wire::IssuedCredentials obtain(const std::string& nkey, const eth::Eip712Domain& market);

  private:
    net::HttpResponse send(net::HttpRequest request);

    net::Transport& http_;
    std::string gateway_url_;
    const crypto::Signer& signer_;
};

/// Returns the provider's next step after a refusal, by the problem's code; empty: none is known. Pure.
std::string remedy_of(const std::string& code);

/// Checks that the JWT is one for this NKey and provider, so that a wrong answer does not replace a right
/// one. Errors: `wrong_credentials`.
Status check_issued(const wire::IssuedCredentials& issued, const Address& provider, const std::string& nkey);

}  // namespace lamda::agent
