#include "services/node-registry/credentials/challenge.hpp"

#include "crypto/hmac.hpp"

namespace lamda::registry {

namespace {

std::uint64_t seconds(Timestamp time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

std::string_view text_of(const Bytes32& bytes) {
    return {reinterpret_cast<const char*>(bytes.array().data()), bytes.array().size()};  // NOLINT
}

}  // namespace

Challenges::Challenges(const natsauth::IssuerKeys& keys)
    : key_(crypto::hmac_sha256(keys.agents_key.seed(), "Lamda key of challenges\n")) {}

wire::AgentCredentials Challenges::make(const Address& provider, const std::string& nkey,
                                        const eth::Eip712Domain& domain, std::uint64_t generation,
                                        Timestamp now) const {
    wire::AgentCredentials out{provider, nkey, {}, seconds(now + kChallengeLifetime)};
    out.nonce = nonce_of(out, domain, generation);
    return out;
}

Status Challenges::verify(const wire::AgentCredentials& message, const eth::Eip712Domain& domain,
                          std::uint64_t generation, Timestamp now) const {
    if (message.expires_at < seconds(now)) {
        return Error{"challenge_expired", "the challenge has expired; request a new one",
                     "/message/expiresAt"};
    }
    if (!crypto::same_code(message.nonce, nonce_of(message, domain, generation))) {
        return Error{
            "invalid_challenge",
            "the nonce is no challenge for this provider, NKey, expiry and market; request a new one",
            "/message/nonce"};
    }
    return Ok{};
}

Bytes32 Challenges::nonce_of(const wire::AgentCredentials& message, const eth::Eip712Domain& domain,
                             std::uint64_t generation) const {
    return crypto::hmac_sha256(text_of(key_), eth::domain_separator(domain).hex() + '\n' +
                                                  message.provider.hex() + '\n' + message.nkey + '\n' +
                                                  std::to_string(message.expires_at) + '\n' +
                                                  std::to_string(generation));
}

}  // namespace lamda::registry
