// Routes /api/session and /api/sessions: a wallet reads and ends its sessions.
#include <nlohmann/json.hpp>

#include "services/api-gateway/access/cookie.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/session/session_json.hpp"

namespace lamda::gateway {

namespace {

/// @throws problem::Problem 403 for a key of the operator, which belongs to no wallet
Address wallet_of(const Caller& caller) {
    if (const auto wallet = caller.wallet()) {
        return *wallet;
    }
    throw problem::Problem{403, "forbidden", "", "the API key belongs to no wallet", {}};
}

std::optional<Bytes32> digest_of(const Caller& caller) {
    return caller.session ? std::optional(caller.session->digest) : std::nullopt;
}

http::Response list(const Parts& parts, const Caller& caller) {
    const auto sessions =
        parts.database.transact([&](store::Txn& txn) { return sessions_of(txn, wallet_of(caller)); });
    auto items = nlohmann::ordered_json::array();
    for (const auto& session : sessions) {
        items.push_back(nlohmann::ordered_json::parse(session_json(session, digest_of(caller))));
    }
    return private_response(nlohmann::ordered_json{{"items", items}}.dump());
}

/// @param own the session that asks is among the ended ones
http::Response ended(const Parts& parts, const http::Request& request, std::size_t count, bool own) {
    auto out = private_response(nlohmann::ordered_json{{"ended", count}}.dump());
    if (own && !session_cookie_of(request).empty()) {
        out.headers.emplace_back("Set-Cookie", clear_session_cookie(parts.config, request));
    }
    return out;
}

http::Response end_one(const Parts& parts, const http::Request& request, const Caller& caller,
                       const std::string& id) {
    const auto count = parts.database.transact(
        [&](store::Txn& txn) { return end_session(txn, caller.session->wallet, id); });
    if (count == 0) {
        throw not_found("session of this wallet");
    }
    return ended(parts, request, count, id == caller.session->id);
}

}  // namespace

void add_sessions(http::Server& server, const Parts& parts) {
    add_route(server, parts, "GET", "/api/session", [](const http::Request&, const Caller& caller) {
        return private_response(session_json(*caller.session, caller.session->digest));
    });
    add_route(server, parts, "DELETE", "/api/session",
              [&parts](const http::Request& request, const Caller& caller) {
                  return end_one(parts, request, caller, caller.session->id);
              });
    add_route(server, parts, "GET", "/api/sessions",
              [&parts](const http::Request&, const Caller& caller) { return list(parts, caller); });
    add_route(server, parts, "DELETE", "/api/sessions",
              [&parts](const http::Request& request, const Caller& caller) {
                  const auto count = parts.database.transact(
                      [&](store::Txn& txn) { return end_sessions(txn, caller.session->wallet); });
                  return ended(parts, request, count, true);
              });
    add_route(server, parts, "DELETE", "/api/sessions/{session}",
              [&parts](const http::Request& request, const Caller& caller) {
                  return end_one(parts, request, caller, request.params.at("session"));
              });
}

}  // namespace lamda::gateway
