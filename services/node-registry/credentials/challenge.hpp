// Challenge of a provider that asks for credentials of the bus: an HMAC, so that no instance keeps any.
#pragma once

#include "natsauth/issuer_keys.hpp"
#include "wire/documents/agent_credentials.hpp"

namespace lamda::registry {

/// Time in which a challenge has to be signed and sent back.
inline constexpr Millis kChallengeLifetime{120'000};

/// Makes and verifies challenges. All instances with the same issuer keys accept each other's. Pure.
class Challenges {
  public:
    /// The key of the HMAC is derived from the agents' signing key: a rotation ends all challenges.
    explicit Challenges(const natsauth::IssuerKeys& keys);

    /// Fills in nonce and expiry. @param generation of the provider's access, which every order of the
    /// operator increments
    wire::AgentCredentials make(const Address& provider, const std::string& nkey,
                                const eth::Eip712Domain& domain, std::uint64_t generation,
                                Timestamp now) const;
    /// Errors: `challenge_expired`, `invalid_challenge`: not made here for this market, provider, NKey,
    /// expiry and generation.
    Status verify(const wire::AgentCredentials& message, const eth::Eip712Domain& domain,
                  std::uint64_t generation, Timestamp now) const;

  private:
    Bytes32 nonce_of(const wire::AgentCredentials& message, const eth::Eip712Domain& domain,
                     std::uint64_t generation) const;
    Bytes32 key_;
};

}  // namespace lamda::registry
