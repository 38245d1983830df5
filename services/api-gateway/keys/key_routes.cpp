// Routes /api/keys: wallets and the operator make, list and revoke API keys.
#include <nlohmann/json.hpp>

#include "core/u256.hpp"
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

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kMostScopes = 16;
constexpr std::uint64_t kDefaultDays = 90;
constexpr std::uint64_t kMostDays = 366;
constexpr std::size_t kMostListed = 1'000;

ordered_json to_json(const ApiKey& key) {
    auto scopes = ordered_json::array();
    for (const auto scope : key.scopes) {
        scopes.push_back(to_string(scope));
    }
    return {
        {"id", key.id},
        {"name", key.name},
        {"wallet_address", key.owner ? ordered_json(crypto::checksum_address(*key.owner)) : ordered_json()},
        {"scopes", scopes},
        {"created_at", to_rfc3339(key.created_at)},
        {"expires_at", to_rfc3339(key.expires_at)},
        {"last_used_at", key.last_used_at ? ordered_json(to_rfc3339(*key.last_used_at)) : ordered_json()}};
}

/// Reads the scopes; those of the other kind of owner are faults.
std::set<Scope> read_scopes(views::Body& body, bool by_operator) {
    std::set<Scope> out;
    const auto names = nlohmann::json::parse(body.json("scopes").value_or("[\"account:read\"]"));
    if (!names.is_array() || names.empty()) {
        body.refuse({"/scopes", "invalid_type", "must be a list of at least one scope"});
        return out;
    }
    if (names.size() > kMostScopes) {
        body.refuse({"/scopes", "too_many", "must have 16 scopes at most"});
        return out;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto where = "/scopes/" + std::to_string(i);
        const auto scope = parse_scope(names[i].is_string() ? names[i].get<std::string>() : "");
        if (!scope) {
            body.refuse({where, scope.error().code, scope.error().message});
        } else if (is_privileged(*scope) && !by_operator) {
            body.refuse({where, "privileged_scope", "only the operator makes keys with this scope"});
        } else if (!is_privileged(*scope) && by_operator) {
            body.refuse({where, "wallet_scope", "only a wallet makes keys with this scope, for itself"});
        } else {
            out.insert(*scope);
        }
    }
    return out;
}

NewKey read_key(const http::Request& request, const Caller& caller) {
    views::Body body(request.body, {"name", "scopes"}, {"valid_days"});
    NewKey out;
    out.owner = caller.wallet();
    if (const auto name = body.text("name")) {
        out.name = *name;
        if (name->empty() || name->size() > kLongestName || store::storable(*name) != *name) {
            body.refuse({"/name", "invalid_name", "must have 1 to 100 bytes"});
        }
    }
    out.scopes = read_scopes(body, caller.is_operator);
    const auto days = u256_from_decimal(body.json("valid_days").value_or(std::to_string(kDefaultDays)));
    if (!days || *days == 0 || *days > kMostDays) {
        body.refuse({"/valid_days", "out_of_range", "must be an integer from 1 to 366"});
    } else {
        out.validity = std::chrono::days(days->convert_to<int>());
    }
    body.require_faultless();
    return out;
}

http::Response create(const Parts& parts, const http::Request& request, const Caller& caller) {
    auto wanted = read_key(request, caller);
    const auto token = make_secret_token(kKeyPrefix);
    wanted.digest = digest_of_token(token);
    std::optional<ApiKey> key;
    auto response = answer_once(
        parts.database, request, once_scope("POST /api/keys", request, caller), [&](store::Txn& txn) {
            key = put_key(txn, wanted);
            if (!key) {
                throw problem::Problem{
                    409, "too_many_keys", "", "as many keys as allowed exist; revoke one first", {}};
            }
            auto body = to_json(*key);
            body["key"] = token;
            return private_response(body.dump(), 201);
        });
    if (!is_replayed(response)) {
        parts.log.info("API key made", {{"id", key->id}, {"request_id", request.request_id}});
    }
    return response;
}

/// @throws problem::Problem 403 for a key of the operator, which belongs to no wallet
http::Response list(const Parts& parts, const Caller& caller) {
    if (caller.key && !caller.key->owner) {
        throw problem::Problem{403, "forbidden", "", "the API key belongs to no wallet", {}};
    }
    const auto keys = parts.database.transact([&](store::Txn& txn) {
        return caller.is_operator ? all_keys(txn, kMostListed) : keys_of(txn, caller.wallet());
    });
    auto items = ordered_json::array();
    for (const auto& key : keys) {
        items.push_back(to_json(key));
    }
    return private_response(ordered_json{{"items", items}}.dump());
}

http::Response revoke(const Parts& parts, const http::Request& request, const Caller& caller) {
    const auto& id = request.params.at("key");
    const auto count =
        parts.database.transact([&](store::Txn& txn) { return revoke_key(txn, caller.wallet(), id); });
    if (count == 0) {
        throw not_found("API key");
    }
    parts.log.info("API key revoked", {{"id", id}, {"request_id", request.request_id}});
    return private_response(ordered_json{{"revoked", count}}.dump());
}

}  // namespace

void add_keys(http::Server& server, const Parts& parts) {
    add_route(server, parts, "POST", "/api/keys",
              [&parts](const http::Request& request, const Caller& caller) {
                  return create(parts, request, caller);
              });
    add_route(server, parts, "GET", "/api/keys",
              [&parts](const http::Request&, const Caller& caller) { return list(parts, caller); });
    add_route(server, parts, "DELETE", "/api/keys/{key}",
              [&parts](const http::Request& request, const Caller& caller) {
                  return revoke(parts, request, caller);
              });
}

}  // namespace lamda::gateway
