// Tests of who may use which route: every route of the server, as every kind of caller.
#include "services/api-gateway/access/access_table.hpp"

#include <catch2/catch.hpp>

#include "services/api-gateway/access/secret_token.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

/// A path of the pattern: of nothing that exists.
std::string filled_in(std::string_view pattern) {
    std::string out(pattern);
    const std::map<std::string, std::string> values = {{"{id}", id_of(9)},
                                                       {"{address}", kProvider.hex()},
                                                       {"{session}", "0123456789abcdef"},
                                                       {"{cid}", "not-a-cid"},
                                                       {"{key}", "0123456789abcdef"}};
    for (const auto& [name, value] : values) {
        if (const auto at = out.find(name); at != std::string::npos) {
            out.replace(at, name.size(), value);
        }
    }
    REQUIRE(out.find('{') == std::string::npos);
    // The live feed would not end.
    return out == "/api/events" ? out + "?channel=none" : out;
}

struct Credential {
    std::string name;
    net::Headers headers;
    /// The caller that the headers prove; nullopt: none.
    std::optional<Callers> proven;
    std::optional<Scope> scope = std::nullopt;
    bool header = true;  ///< an Authorization header is sent
    bool gateways_own = header && headers[0].second.starts_with("Bearer lamda_");
};

/// The status of a refusal; 0: the handler is reached.
int refusal(const AccessRule& rule, const Credential& credential) {
    if (includes(rule.callers, Callers::kAnyone) || rule.callers == Callers::kProof) {
        return 0;
    }
    if (credential.proven && includes(rule.callers, *credential.proven)) {
        return credential.proven == Callers::kKey && credential.scope != rule.scope ? 403 : 0;
    }
    if (includes(rule.callers, Callers::kProof)) {
        // A wallet's credentials are no obstacle; a token that may be meant as the operator's is checked.
        return credential.header && !credential.gateways_own ? 401 : 0;
    }
    // The operator's token is compared only where it can be used.
    return credential.proven && credential.proven != Callers::kOperator && credential.header ? 403 : 401;
}

std::string new_key(Gateway& gateway, const std::string& scope, const std::string& maker) {
    const auto made =
        gateway.send("POST", "/api/keys", json{{"name", "k"}, {"scopes", {scope}}}.dump(), bearer(maker));
    REQUIRE(made.status == 201);
    return made.body.at("key").get<std::string>();
}

}  // namespace

TEST_CASE("Every route of the server is in the table, and none else") {
    Gateway gateway;
    std::set<std::pair<std::string, std::string>> listed;
    for (const auto& rule : access_table()) {
        CHECK(listed.emplace(rule.method, rule.pattern).second);
        CHECK(includes(rule.callers, Callers::kKey) == rule.scope.has_value());
    }
    const auto routes = gateway.server.routes();
    CHECK(std::set(routes.begin(), routes.end()) == listed);
    CHECK_THROWS_AS(access_rule("GET", "/api/unknown"), std::logic_error);
}

TEST_CASE("Every route admits exactly the callers of its row") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    const auto reader = new_key(gateway, "sessions:read", "operator-token");
    const auto writer = new_key(gateway, "profiles:write", "operator-token");
    for (const auto& rule : access_table()) {
        gateway.clock_of_lookups.advance(std::chrono::hours(1));  // the client's share of sign-ins
        // Some routes end sessions.
        const auto session = wallet.sign_in(gateway);
        const auto stranger = TestWallet(2).sign_in(gateway);
        const auto own = new_key(gateway, "account:read", session);
        const auto uploader = new_key(gateway, "files:write", session);
        const std::vector<Credential> credentials = {
            {"none", {}, std::nullopt, std::nullopt, false},
            {"wrong token", bearer("nonsense"), std::nullopt},
            {"other scheme", {{"Authorization", "Basic b3BlcmF0b3ItdG9rZW4="}}, std::nullopt},
            {"unknown session", bearer(make_secret_token(kSessionPrefix)), std::nullopt},
            {"unknown key", bearer(make_secret_token(kKeyPrefix)), std::nullopt},
            {"operator", bearer("operator-token"), Callers::kOperator},
            {"key sessions:read", bearer(reader), Callers::kKey, Scope::kSessionsRead},
            {"key profiles:write", bearer(writer), Callers::kKey, Scope::kProfilesWrite},
            {"key account:read", bearer(own), Callers::kKey, Scope::kAccountRead},
            {"key files:write", bearer(uploader), Callers::kKey, Scope::kFilesWrite},
            {"another wallet's session", bearer(stranger), Callers::kSession},
            {"cookie",
             {{"Cookie", "lamda_session=" + session}, {"Origin", kOrigin}},
             Callers::kSession,
             std::nullopt,
             false},
            {"session", bearer(TestWallet(3).sign_in(gateway)), Callers::kSession},
        };
        for (const auto& credential : credentials) {
            INFO(rule.method << " " << rule.pattern << " as " << credential.name);
            const bool has_body = rule.method == "POST" || rule.method == "PUT";
            auto headers = credential.headers;
            headers.emplace_back("X-Forwarded-For",
                                 "192.0.2." + std::to_string(&credential - credentials.data()));
            const auto answer = gateway.send(std::string(rule.method), filled_in(rule.pattern),
                                             has_body ? R"({"surprise":1})" : "", headers);
            INFO(answer.raw.body);
            const int expected = refusal(rule, credential);
            const auto code = answer.body.is_object() ? answer.body.value("code", "") : "";
            if (expected == 0) {
                CHECK(answer.status != 401);
                CHECK(answer.status != 403);
                if (has_body) {
                    // Nothing was changed; a check answers with its findings.
                    CHECK((answer.status == 400 || answer.status == 404 ||
                           rule.pattern == "/api/jobs/check" || code == "no_content_store"));
                }
            } else {
                // Wrong tokens of the operator make their client wait.
                CHECK((answer.status == expected || code == "too_many_wrong_tokens"));
                CHECK((expected == 403 || answer.raw.header("WWW-Authenticate") ||
                       code == "too_many_wrong_tokens"));
            }
        }
        (void)gateway.send("DELETE", "/api/sessions", "", bearer(wallet.sign_in(gateway)));
        gateway.database.transact(
            [](store::Txn& txn) { txn.exec("DELETE FROM gateway.api_key WHERE wallet IS NOT NULL"); });
    }
}
