#include "natsauth/claims.hpp"

#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "natsauth/detail/base32.hpp"

namespace lamda::natsauth {

namespace {

using Json = nlohmann::ordered_json;

std::int64_t seconds(Timestamp time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string sign(Json claims, const Nkey& issuer) {
    claims["iss"] = issuer.public_key();
    claims["jti"] = detail::to_base32(crypto::sha256(as_bytes(claims.dump())).view());
    const std::string head = R"({"typ":"JWT","alg":"ed25519-nkey"})";
    const auto body = claims.dump();
    const auto text = detail::to_base64url(as_bytes(head)) + "." + detail::to_base64url(as_bytes(body));
    return text + "." + detail::to_base64url(issuer.sign(as_bytes(text)));
}

Json claims_of(const std::string& name, const std::string& subject, Timestamp issued_at, Json nats) {
    return {{"name", name}, {"sub", subject}, {"iat", seconds(issued_at)}, {"nats", std::move(nats)}};
}

const char* type_of(bool stream) {
    return stream ? "stream" : "service";
}

Json export_json(const Export& what) {
    Json out = {{"name", what.subject}, {"subject", what.subject}, {"type", type_of(what.stream)}};
    if (!what.stream) {
        out["response_type"] = what.many_responses ? "Stream" : "Singleton";
    }
    return out;
}

Json import_json(const Import& what) {
    Json out = {{"name", what.subject},
                {"subject", what.subject},
                {"account", what.account},
                {"type", type_of(what.stream)}};
    if (!what.local_subject.empty()) {
        out["local_subject"] = what.local_subject;
    }
    return out;
}

Json permission_json(const std::vector<std::string>& allowed) {
    return allowed.empty() ? Json::object() : Json{{"allow", allowed}};
}

}  // namespace

std::string encode(const OperatorClaims& claims, const Nkey& issuer, Timestamp issued_at) {
    const Json nats = {{"signing_keys", claims.signing_keys},
                       {"system_account", claims.system_account},
                       {"type", "operator"},
                       {"version", 2}};
    return sign(claims_of(claims.name, claims.key, issued_at, nats), issuer);
}

std::string encode(const AccountClaims& claims, const Nkey& issuer, Timestamp issued_at) {
    const int storage = claims.jetstream ? -1 : 0;
    Json nats = {{"limits",
                  {{"subs", -1},
                   {"data", -1},
                   {"payload", -1},
                   {"imports", -1},
                   {"exports", -1},
                   {"wildcards", true},
                   {"conn", claims.connections},
                   {"leaf", 0},
                   {"mem_storage", storage},
                   {"disk_storage", storage},
                   {"streams", storage},
                   {"consumer", storage}}},
                 {"default_permissions", {{"pub", Json::object()}, {"sub", Json::object()}}},
                 {"type", "account"},
                 {"version", 2}};
    for (const auto& one : claims.exports) {
        nats["exports"].push_back(export_json(one));
    }
    for (const auto& one : claims.imports) {
        nats["imports"].push_back(import_json(one));
    }
    if (!claims.signing_keys.empty()) {
        nats["signing_keys"] = claims.signing_keys;
    }
    for (const auto& [from, to] : claims.mappings) {
        nats["mappings"][from] = Json::array({Json{{"subject", to}}});
    }
    for (const auto& [key, until] : claims.revocations) {
        nats["revocations"][key] = until;
    }
    return sign(claims_of(claims.name, claims.key, issued_at, std::move(nats)), issuer);
}

std::string encode(const UserClaims& claims, const Nkey& issuer) {
    Json nats = {{"pub", permission_json(claims.publish)},
                 {"sub", permission_json(claims.subscribe)},
                 {"subs", -1},
                 {"data", -1},
                 {"payload", -1},
                 {"type", "user"},
                 {"version", 2}};
    if (claims.answers) {
        nats["resp"] = {{"max", 1}, {"ttl", 120'000'000'000}};
    }
    if (claims.account != issuer.public_key()) {
        nats["issuer_account"] = claims.account;
    }
    auto all = claims_of(claims.name, claims.key, claims.issued_at, std::move(nats));
    if (claims.expires_at) {
        all["exp"] = seconds(*claims.expires_at);
    }
    return sign(std::move(all), issuer);
}

Result<Decoded> decode(std::string_view jwt) {
    const Error wrong{"invalid_jwt", "is no JWT of NATS, or its signature is wrong", ""};
    const auto first = jwt.find('.');
    const auto second = jwt.find('.', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) {
        return wrong;
    }
    const auto body = detail::from_base64url(jwt.substr(first + 1, second - first - 1));
    const auto signature = detail::from_base64url(jwt.substr(second + 1));
    if (!body || !signature) {
        return wrong;
    }
    const auto claims = Json::parse(*body, nullptr, false);
    if (!claims.is_object()) {
        return wrong;
    }
    Decoded out;
    try {
        out.issuer = claims.at("iss").get<std::string>();
        out.subject = claims.at("sub").get<std::string>();
        out.name = claims.value("name", "");
        out.issued_at = claims.at("iat").get<std::int64_t>();
        if (claims.contains("exp")) {
            out.expires_at = claims.at("exp").get<std::int64_t>();
        }
        const auto& nats = claims.at("nats");
        out.issuer_account = nats.value("issuer_account", "");
        if (nats.contains("revocations")) {
            out.revocations = nats.at("revocations").get<std::map<std::string, std::int64_t>>();
        }
    } catch (const Json::exception&) {
        return wrong;
    }
    for (const auto kind : {KeyKind::kOperator, KeyKind::kAccount}) {
        const auto key = parse_public_key(kind, out.issuer);
        if (key && crypto::ed25519_verify(*key, as_bytes(jwt.substr(0, second)), *signature)) {
            return out;
        }
    }
    return wrong;
}

}  // namespace lamda::natsauth
