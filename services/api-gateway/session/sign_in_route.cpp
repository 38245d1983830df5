// Routes GET /api/session/nonce and POST /api/session: a wallet signs in by a message (EIP-4361).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "eth/codec/typed_data.hpp"
#include "services/api-gateway/access/cookie.hpp"
#include "services/api-gateway/access/page.hpp"
#include "services/api-gateway/access/secret_token.hpp"
#include "services/api-gateway/idempotency/answer_once.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/recorded_deployment.hpp"
#include "services/api-gateway/session/nonce.hpp"
#include "services/api-gateway/session/session_json.hpp"
#include "services/api-gateway/session/sign_in_check.hpp"
#include "services/api-gateway/session/wallet_signature.hpp"
#include "store/values.hpp"
#include "views/body.hpp"

namespace lamda::gateway {

namespace {

constexpr std::size_t kLongestUserAgent = 256;

/// A sign-in whose parts can be read.
struct SignIn {
    std::string text;  ///< as signed
    SignInMessage message;
    Bytes signature;
    bool to_cookie = false;
};

http::Response nonce(const Parts& parts) {
    const auto facts = parts.database.transact([](store::Txn& txn) { return read_nonce_facts(txn); });
    const auto made = make_nonce(facts.key, facts.now);
    const nlohmann::ordered_json body = {{"nonce", made.text},
                                         {"issued_at", to_rfc3339(made.issued_at)},
                                         {"expires_at", to_rfc3339(made.expires_at)}};
    return private_response(body.dump());
}

/// @throws problem::Problem 400 with all faults
SignIn read_sign_in(const http::Request& request) {
    views::Body body(request.body, {"message", "signature"}, {"delivery"});
    SignIn out;
    if (const auto text = body.text("message")) {
        const auto message = parse_sign_in_message(*text);
        if (message) {
            out.text = *text;
            out.message = *message;
        } else {
            body.refuse("message", message.error());
        }
    }
    if (const auto text = body.text("signature")) {
        auto signature = parse_wallet_signature(*text);
        if (signature) {
            out.signature = *std::move(signature);
        } else {
            body.refuse("signature", signature.error());
        }
    }
    const auto delivery = body.text("delivery").value_or("bearer");
    if (delivery != "bearer" && delivery != "cookie") {
        body.refuse({"/delivery", "invalid_delivery", "must be bearer or cookie"});
    }
    out.to_cookie = delivery == "cookie";
    body.require_faultless();
    return out;
}

problem::Problem refused(const std::vector<Error>& reasons) {
    problem::Problem out{403, "sign_in_refused", "", reasons.front().message, {}};
    for (const auto& reason : reasons) {
        out.errors.push_back({"/message", reason.code, reason.message});
    }
    return out;
}

/// Verifies the signature in the order that lets every wallet in: a marked one by a contract only (ERC-6492),
/// the address's key without a call of the chain (also of an EIP-7702 account, which has code as well), then
/// the contract at the address (ERC-1271). @throws problem::Problem
void require_signature(const Parts& parts, const SignIn& sign_in, ChainId chain, const std::string& client) {
    const auto digest = eth::personal_digest(sign_in.text);
    const auto& address = sign_in.message.address;
    if (!has_creation(sign_in.signature) && is_signed_by_key(address, digest, sign_in.signature)) {
        return;
    }
    const problem::Problem wrong{403,
                                 "invalid_signature",
                                 "",
                                 "the signature is not of the message's address over this message (EIP-191)",
                                 {}};
    // The length of a key's signature: a wrong one is by far likelier than a contract's.
    const bool may_be_of_key = sign_in.signature.size() == 65 || sign_in.signature.size() == 64;
    if (may_be_of_key && !parts.contract_wallets.configured()) {
        throw wrong;
    }
    const auto question = contract_question(address, digest, sign_in.signature);
    if (!question) {
        throw problem::invalid(question.error(), "/signature");
    }
    if (!parts.contract_wallets.accept(*question, chain, client)) {
        throw wrong;
    }
}

std::string user_agent_of(const http::Request& request) {
    const auto header = request.headers.find("user-agent");
    auto out = store::storable(header == request.headers.end() ? "" : header->second, kLongestUserAgent);
    std::replace_if(out.begin(), out.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }, ' ');
    return out;
}

/// Begins the session, once for each nonce.
http::Response begin_session(store::Txn& txn, const Config& config, const http::Request& request,
                             const SignIn& wanted, const Bytes32& used_nonce, ChainId chain,
                             std::optional<Session>& session) {
    if (!use_nonce(txn, used_nonce)) {
        throw refused(
            {{"nonce_used", "the nonce was used; request a new one from GET /api/session/nonce", ""}});
    }
    const auto token = make_secret_token(kSessionPrefix);
    session = put_session(txn, {digest_of_token(token), wanted.message.address, chain, wanted.message.domain,
                                user_agent_of(request)});
    nlohmann::ordered_json body = {
        {"session", nlohmann::ordered_json::parse(session_json(*session, session->digest))}};
    if (!wanted.to_cookie) {
        body["token"] = token;
    }
    auto out = private_response(body.dump(), 201);
    if (wanted.to_cookie) {
        out.headers.emplace_back("Set-Cookie", set_session_cookie(config, request, token));
    }
    return out;
}

http::Response sign_in(const Parts& parts, const http::Request& request) {
    parts.sign_ins.require(request.client, "too_many_sign_ins", "too many sign-ins from this address");
    const auto wanted = read_sign_in(request);
    if (wanted.to_cookie && request.headers.contains("origin") && !is_trusted_page(parts.config, request)) {
        throw problem::Problem{403,
                               "foreign_origin",
                               "",
                               "pages of this origin may not have a cookie; see CORS_ALLOWED_ORIGINS",
                               {}};
    }
    const auto scope = sign_in_scope(wanted.message.address);
    if (auto answered = find_answer(parts.database, request, scope)) {
        return *std::move(answered);
    }
    ChainId chain;
    const auto facts = parts.database.transact([&](store::Txn& txn) {
        chain = recorded_chain(txn, parts.config);
        return read_nonce_facts(txn);
    });
    const auto& message = wanted.message;
    const auto reasons = check_sign_in(message, {parts.config.sign_in_domains, chain, facts.key, facts.now});
    if (!reasons.empty()) {
        throw refused(reasons);
    }
    require_signature(parts, wanted, chain, request.client);

    const auto used = check_nonce(facts.key, message.nonce, facts.now).value();
    std::optional<Session> session;
    auto response = answer_once(parts.database, request, scope, [&](store::Txn& txn) {
        return begin_session(txn, parts.config, request, wanted, used, chain, session);
    });
    if (!is_replayed(response)) {
        parts.log.info("wallet signed in", {{"wallet", message.address.hex()},
                                            {"session", session->id},
                                            {"request_id", request.request_id}});
    }
    return response;
}

}  // namespace

void add_sign_in(http::Server& server, const Parts& parts) {
    add_route(server, parts, "GET", "/api/session/nonce",
              [&parts](const http::Request&) { return nonce(parts); });
    add_route(server, parts, "POST", "/api/session",
              [&parts](const http::Request& request) { return sign_in(parts, request); });
}

}  // namespace lamda::gateway
