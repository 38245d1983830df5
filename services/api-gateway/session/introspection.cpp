// Routes of applications that share a sign-in: POST /api/session/introspect, and the attributes of wallets.
#include <nlohmann/json.hpp>

#include "crypto/address_text.hpp"
#include "crypto/signer.hpp"
#include "services/api-gateway/access/secret_token.hpp"
#include "services/api-gateway/idempotency/answer_once.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/session/session_json.hpp"
#include "store/values.hpp"
#include "views/body.hpp"

namespace lamda::gateway {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLongestTier = 64;
/// Retention of stored answers: an application may set the profiles of all its users, each with a key.
constexpr std::chrono::hours kProfileRetention{1};

std::int64_t seconds(Timestamp at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

ordered_json tier_of(const Profile& profile) {
    return profile.nft_tier ? ordered_json(*profile.nft_tier) : ordered_json(nullptr);
}
ordered_json key_of(const Profile& profile) {
    return profile.pkp_public_key ? ordered_json(to_hex(*profile.pkp_public_key)) : ordered_json(nullptr);
}

/// The database is read each time: a sign-out counts from its answer on.
http::Response introspect(const Parts& parts, const http::Request& request) {
    views::Body body(request.body, {"token"}, {"token_type_hint"});
    const auto token = body.text("token").value_or("");
    (void)body.text("token_type_hint");  // any text: tokens of one type only are known
    body.require_faultless();
    Profile profile;
    const auto session = parts.database.transact([&](store::Txn& txn) {
        auto found = is_secret_token(kSessionPrefix, token) ? use_session(txn, digest_of_token(token))
                                                            : std::optional<Session>();
        profile = found ? read_profile(txn, found->wallet) : Profile();
        return found;
    });
    if (!session) {
        return private_response(R"({"active":false})");
    }
    const auto wallet = crypto::checksum_address(session->wallet);
    const ordered_json out = {{"active", true},
                              {"token_type", "Bearer"},
                              {"sub", wallet},
                              {"iat", seconds(session->created_at)},
                              {"exp", seconds(session->expires_at)},
                              {"userId", session->wallet.hex()},
                              {"walletAddress", wallet},
                              {"nftTier", tier_of(profile)},
                              {"pkpPublicKey", key_of(profile)},
                              {"lastActivity", session->last_activity.time_since_epoch().count()},
                              {"sessionId", session->id},
                              {"chainId", session->chain_id.value},
                              {"domain", session->domain}};
    return private_response(out.dump());
}

std::string profile_json(const Address& wallet, const Profile& profile) {
    const ordered_json out = {{"walletAddress", crypto::checksum_address(wallet)},
                              {"nftTier", tier_of(profile)},
                              {"pkpPublicKey", key_of(profile)}};
    return out.dump();
}

Address address_of(const http::Request& request) {
    const auto address = crypto::parse_address(request.params.at("address"));
    if (!address) {
        throw problem::invalid(address.error(), "{address}");
    }
    return *address;
}

/// A member that is a string, or null: not set.
std::optional<std::string> nullable_text(views::Body& body, const std::string& name) {
    return body.json(name) == "null" ? std::nullopt : body.text(name);
}

http::Response set_profile(const Parts& parts, const http::Request& request, const Caller& caller) {
    const auto wallet = address_of(request);
    views::Body body(request.body, {"nftTier", "pkpPublicKey"});
    Profile profile;
    profile.nft_tier = nullable_text(body, "nftTier");
    if (profile.nft_tier && (profile.nft_tier->empty() || profile.nft_tier->size() > kLongestTier ||
                             store::storable(*profile.nft_tier) != *profile.nft_tier)) {
        body.refuse({"/nftTier", "invalid_tier", "must have 1 to 64 bytes, or be null"});
    }
    if (const auto text = nullable_text(body, "pkpPublicKey")) {
        const auto bytes = from_hex(*text);
        const auto key = bytes && text->starts_with("0x") && bytes->size() != 64
                             ? crypto::address_of_public_key(*bytes)
                             : Result<Address>(Error{"invalid_public_key", "", ""});
        if (key) {
            profile.pkp_public_key = *bytes;
        } else {
            body.refuse({"/pkpPublicKey", "invalid_public_key",
                         "must be 0x and the 33 or 65 bytes of a public key of secp256k1, or null"});
        }
    }
    body.require_faultless();
    auto scope = once_scope("PUT /api/profiles/" + wallet.hex(), request, caller);
    scope.retention = kProfileRetention;
    return answer_once(parts.database, request, scope, [&](store::Txn& txn) {
        put_profile(txn, wallet, profile);
        return private_response(profile_json(wallet, profile));
    });
}

}  // namespace

void add_introspection(http::Server& server, const Parts& parts) {
    add_route(server, parts, "POST", "/api/session/introspect",
              [&parts](const http::Request& request) { return introspect(parts, request); });
    add_route(server, parts, "GET", "/api/profiles/{address}", [&parts](const http::Request& request) {
        const auto wallet = address_of(request);
        return private_response(profile_json(
            wallet, parts.database.transact([&](store::Txn& txn) { return read_profile(txn, wallet); })));
    });
    add_route(server, parts, "PUT", "/api/profiles/{address}",
              [&parts](const http::Request& request, const Caller& caller) {
                  return set_profile(parts, request, caller);
              });
}

}  // namespace lamda::gateway
