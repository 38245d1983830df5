// Credentials of the bus for a provider's agent: the signed request, and its messages over HTTP and on the
// bus (docs/protocol.md, "Credentials of the bus").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "crypto/signer.hpp"
#include "eth/codec/typed_data.hpp"

namespace lamda::wire {

/// Limits of an answer with credentials: bytes of the JWT, number of servers, bytes of each.
inline constexpr std::size_t kMostJwtBytes = 16'384;
inline constexpr std::size_t kMostServers = 16;
inline constexpr std::size_t kMostServerBytes = 256;

/// The members of the signed message. `nonce` and `expires_at` are the registry's challenge.
struct AgentCredentials {
    Address provider;
    std::string nkey;  ///< public user NKey, U…: 56 characters. Its checksum is not checked here
    Bytes32 nonce;
    std::uint64_t expires_at = 0;  ///< of the challenge, in seconds since 1970
    bool operator==(const AgentCredentials&) const = default;
};

/// EIP-712 typed data `AgentCredentials(address provider,string nkey,bytes32 nonce,uint64 expiresAt)`.
/// @param domain market_domain()
Bytes agent_credentials_message(const AgentCredentials& message, const eth::Eip712Domain& domain);
crypto::Signature sign_agent_credentials(const AgentCredentials& message, const eth::Eip712Domain& domain,
                                         const crypto::Signer& signer);
/// Verifies the signature of message.provider. Errors: `invalid_signature`.
lamda::Status verify_agent_credentials(const AgentCredentials& message, const crypto::Signature& signature,
                                       const eth::Eip712Domain& domain);

/// `{"provider","nkey","nonce","expiresAt"}`, the address by EIP-55.
std::string to_json(const AgentCredentials& message);
/// The address may be in any case with a correct checksum; other members are refused. Errors name the member
/// by JSON pointer. @param every receives the first error of each place
Result<AgentCredentials> parse_agent_credentials(std::string_view json, std::vector<Error>* every = nullptr);

/// Request on `nodes.credentials`: without a signature for a challenge, with one for credentials.
struct CredentialsRequest {
    AgentCredentials message;                    ///< without a signature: `provider` and `nkey` only
    std::optional<crypto::Signature> signature;  ///< of message.provider
    bool operator==(const CredentialsRequest&) const = default;
};
std::string to_json(const CredentialsRequest& request);
/// Errors: those of JSON, `missing_field`, `invalid_value` and the like, with the pointer.
Result<CredentialsRequest> parse_credentials_request(std::string_view json);

/// A user JWT is no secret: only the holder of its NKey's seed can use it.
struct IssuedCredentials {
    std::string jwt;
    std::vector<std::string> servers;  ///< scheme://host:port, without a login; at least one
    Timestamp issued_at;
    Timestamp expires_at;
    bool operator==(const IssuedCredentials&) const = default;
};
/// `{"jwt","servers","issued_at","expires_at"}`.
std::string to_json(const IssuedCredentials& issued);
/// Errors: as parse_credentials_request; `out_of_range` for an expiry that is not after the issue.
Result<IssuedCredentials> parse_issued_credentials(std::string_view json);

}  // namespace lamda::wire
