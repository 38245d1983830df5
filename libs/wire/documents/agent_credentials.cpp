#include "wire/documents/agent_credentials.hpp"

#include <algorithm>

#include "crypto/address_text.hpp"
#include "crypto/digest.hpp"
#include "wire/detail/fields.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

namespace {

constexpr detail::Limits kLimits{.bytes = 64U << 10, .depth = 4, .inexact_allowed = false};
constexpr std::size_t kNkey = 56;

std::string read_nkey(Fields& fields) {
    auto text = fields.text("nkey", kNkey, kNkey);
    const bool plain = std::all_of(text.begin(), text.end(),
                                   [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); });
    if (!fields.failed() && (!plain || text.front() != 'U')) {
        fields.refuse("invalid_nkey", "a public user NKey is needed: 56 characters that begin with U",
                      "nkey");
    }
    return text;
}

void read_challenge(Fields& fields, AgentCredentials& out) {
    out.nonce = fields.lowercase_id<Bytes32>("nonce");
    out.expires_at = fields.uint64("expiresAt", 1);
}

}  // namespace

Bytes agent_credentials_message(const AgentCredentials& message, const eth::Eip712Domain& domain) {
    eth::StructHasher hasher("AgentCredentials(address provider,string nkey,bytes32 nonce,uint64 expiresAt)");
    hasher.add(message.provider).add_string(message.nkey).add(message.nonce).add_uint(message.expires_at);
    return eth::typed_data_message(domain, hasher.hash());
}

crypto::Signature sign_agent_credentials(const AgentCredentials& message, const eth::Eip712Domain& domain,
                                         const crypto::Signer& signer) {
    return signer.sign(agent_credentials_message(message, domain));
}

lamda::Status verify_agent_credentials(const AgentCredentials& message, const crypto::Signature& signature,
                                       const eth::Eip712Domain& domain) {
    const auto digest = crypto::keccak256(agent_credentials_message(message, domain));
    const auto signer = crypto::recover(digest, signature);
    if (!signer || *signer != message.provider) {
        return Error{"invalid_signature",
                     "not signed by " + message.provider.hex() + " for chain " +
                         std::to_string(domain.chain_id.value) + " and JobManager " +
                         domain.verifying_contract.hex(),
                     "/signature"};
    }
    return Ok{};
}

std::string to_json(const AgentCredentials& message) {
    return Json(Json::Object{{"provider", crypto::checksum_address(message.provider)},
                             {"nkey", message.nkey},
                             {"nonce", message.nonce.hex()},
                             {"expiresAt", message.expires_at}})
        .text();
}

Result<AgentCredentials> parse_agent_credentials(std::string_view json, std::vector<Error>* every) {
    const auto value = detail::parse_json(json, kLimits);
    if (!value) {
        if (every != nullptr) {
            every->push_back(value.error());
        }
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure, every);
    fields.only({"provider", "nkey", "nonce", "expiresAt"});
    AgentCredentials out;
    const auto provider = fields.text("provider", 0, 64);
    out.provider = fields.checked("provider", crypto::parse_address(provider), {});
    out.nkey = read_nkey(fields);
    read_challenge(fields, out);
    if (failure) {
        return *failure;
    }
    return out;
}

std::string to_json(const CredentialsRequest& request) {
    Json::Object out{{"v", 1},
                     {"kind", request.signature ? "issue" : "challenge"},
                     {"provider", request.message.provider.hex()},
                     {"nkey", request.message.nkey}};
    if (request.signature) {
        out.emplace_back("nonce", request.message.nonce.hex());
        out.emplace_back("expiresAt", request.message.expires_at);
        out.emplace_back("signature", request.signature->hex65());
    }
    return Json(std::move(out)).text();
}

Result<CredentialsRequest> parse_credentials_request(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    CredentialsRequest out;
    const bool signed_request = fields.one_of("kind", {"challenge", "issue"}) == 1;
    out.message.provider = fields.lowercase_address("provider");
    out.message.nkey = read_nkey(fields);
    if (signed_request) {
        read_challenge(fields, out.message);
        out.signature =
            fields.checked("signature", crypto::Signature::from_hex65(fields.text("signature", 0, 132)), {});
    }
    if (failure) {
        return *failure;
    }
    return out;
}

std::string to_json(const IssuedCredentials& issued) {
    Json::Array servers;
    for (const auto& server : issued.servers) {
        servers.emplace_back(server);
    }
    return Json(Json::Object{{"jwt", issued.jwt},
                             {"servers", std::move(servers)},
                             {"issued_at", to_rfc3339(issued.issued_at)},
                             {"expires_at", to_rfc3339(issued.expires_at)}})
        .text();
}

Result<IssuedCredentials> parse_issued_credentials(std::string_view json) {
    const auto value = detail::parse_json(json, kLimits);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    IssuedCredentials out;
    out.jwt = fields.text("jwt", 1, kMostJwtBytes);
    out.servers = fields.texts("servers", kMostServers, kMostServerBytes);
    if (!fields.failed() && out.servers.empty()) {
        fields.refuse("out_of_range", "at least one server is needed", "servers");
    }
    out.issued_at = fields.time("issued_at");
    out.expires_at = fields.time("expires_at");
    if (!fields.failed() && out.expires_at <= out.issued_at) {
        fields.refuse("out_of_range", "the expiry must be after the issue", "expires_at");
    }
    if (failure) {
        return *failure;
    }
    return out;
}

}  // namespace lamda::wire
