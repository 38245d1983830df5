#include "services/api-gateway/access/caller.hpp"

#include "services/api-gateway/access/cookie.hpp"
#include "services/api-gateway/access/operator_access.hpp"
#include "services/api-gateway/access/page.hpp"
#include "services/api-gateway/access/secret_token.hpp"

namespace lamda::gateway {

namespace {

using Refusal = std::optional<http::Response>;

/// With the challenge of RFC 6750, section 3. @param attributes of the challenge; empty: none
http::Response refused(const problem::Problem& problem, const http::Request& request,
                       const std::string& attributes) {
    auto out = to_response(problem, request);
    out.headers.emplace_back("WWW-Authenticate", "Bearer" + (attributes.empty() ? "" : " " + attributes));
    return out;
}

http::Response invalid_token(const http::Request& request, const char* detail) {
    return refused({401, "unauthorized", "", detail, {}}, request, "error=\"invalid_token\"");
}

http::Response forbidden(const http::Request& request, const char* detail) {
    return to_response({403, "forbidden", "", detail, {}}, request);
}

Refusal admit_session(const AccessParts& parts, const AccessRule& rule, const http::Request& request,
                      const std::string& token, Caller& caller) {
    if (is_secret_token(kSessionPrefix, token)) {
        caller.session = parts.database.transact(
            [&](store::Txn& txn) { return use_session(txn, digest_of_token(token)); });
    }
    if (!caller.session) {
        return invalid_token(request, "the session is unknown, or has ended; sign in again");
    }
    return includes(rule.callers, Callers::kSession)
               ? std::nullopt
               : Refusal(forbidden(request, "a wallet's session may not use this route"));
}

Refusal admit_cookie(const AccessParts& parts, const AccessRule& rule, const http::Request& request,
                     const std::string& token, Caller& caller) {
    if (request.method != "GET" && request.method != "HEAD" && !is_trusted_page(parts.config, request)) {
        return to_response(
            {403,
             "foreign_origin",
             "",
             "a cookie changes something only from a page of this gateway or of CORS_ALLOWED_ORIGINS; other "
             "clients send the token as Authorization: Bearer",
             {}},
            request);
    }
    return admit_session(parts, rule, request, token, caller);
}

Refusal admit_key(const AccessParts& parts, const AccessRule& rule, const http::Request& request,
                  Caller& caller) {
    caller.key = find_key(parts.database, request);
    if (!caller.key) {
        return invalid_token(request, "the API key is unknown, revoked or expired");
    }
    if (!includes(rule.callers, Callers::kKey)) {
        return forbidden(request, "an API key may not use this route");
    }
    if (!caller.key->scopes.contains(*rule.scope)) {
        const std::string scope(to_string(*rule.scope));
        return refused({403, "insufficient_scope", "", "the API key lacks the scope " + scope, {}}, request,
                       "error=\"insufficient_scope\", scope=\"" + scope + "\"");
    }
    return std::nullopt;
}

}  // namespace

std::optional<ApiKey> find_key(store::Database& database, const http::Request& request) {
    const auto token = bearer_token(request);
    return is_secret_token(kKeyPrefix, token)
               ? database.transact([&](store::Txn& txn) { return use_key(txn, digest_of_token(token)); })
               : std::nullopt;
}

std::optional<http::Response> admit(const AccessParts& parts, const AccessRule& rule,
                                    const http::Request& request, Caller& caller) {
    const auto may = [&](Callers one) { return includes(rule.callers, one); };
    if (!takes_credentials(rule)) {
        return std::nullopt;  // a client may send its credentials everywhere
    }
    const auto header = request.headers.find("authorization");
    const auto token = bearer_token(request);
    const bool of_session = token.starts_with(kSessionPrefix);
    const bool of_key = token.starts_with(kKeyPrefix);
    const bool only_proof = (of_session && !may(Callers::kSession)) || (of_key && !may(Callers::kKey));
    if (may(Callers::kProof) && (header == request.headers.end() || only_proof)) {
        return std::nullopt;
    }
    if (of_session) {
        return admit_session(parts, rule, request, token, caller);
    }
    if (of_key) {
        return admit_key(parts, rule, request, caller);
    }
    if (const auto cookie = session_cookie_of(request);
        header == request.headers.end() && !cookie.empty() && may(Callers::kSession)) {
        return admit_cookie(parts, rule, request, cookie, caller);
    }
    if (may(Callers::kOperator) && (header != request.headers.end() || rule.callers == Callers::kOperator)) {
        caller.is_operator = true;
        return check_token(parts.config, parts.tokens, request);
    }
    return header != request.headers.end()
               ? invalid_token(request, "unknown token")
               : refused({401, "unauthorized", "", "a session or an API key is required", {}}, request, "");
}

}  // namespace lamda::gateway
