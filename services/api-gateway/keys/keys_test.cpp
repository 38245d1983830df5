// Tests of API keys through real HTTP.
#include <catch2/catch.hpp>

#include "services/api-gateway/access/secret_token.hpp"
#include "services/api-gateway/testing/documented_api.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const auto kOperator = bearer("operator-token");

Answer make(Gateway& gateway, const json& body, const net::Headers& caller) {
    return gateway.send("POST", "/api/keys", body.dump(), caller);
}

std::set<std::string> ids_of(Gateway& gateway, const net::Headers& caller) {
    std::set<std::string> out;
    const auto keys = gateway.send("GET", "/api/keys", "", caller).body.at("items");
    for (const auto& key : keys) {
        CHECK_FALSE(key.contains("key"));
        out.insert(key.at("id").get<std::string>());
    }
    return out;
}

}  // namespace

TEST_CASE("Tokens are recognised by prefix and checksum") {
    for (const auto prefix : {kSessionPrefix, kKeyPrefix}) {
        const auto token = make_secret_token(prefix);
        CHECK(token.size() == prefix.size() + 49);
        CHECK(is_secret_token(prefix, token));
        CHECK(make_secret_token(prefix) != token);
        for (std::size_t i = 0; i < token.size(); ++i) {
            auto changed = token;
            changed[i] = changed[i] == 'a' ? 'b' : 'a';
            CHECK_FALSE(is_secret_token(prefix, changed));
        }
        CHECK_FALSE(is_secret_token(prefix, token.substr(1)));
        CHECK_FALSE(is_secret_token(prefix, token + "0"));
        CHECK_FALSE(is_secret_token(prefix, ""));
    }
    CHECK_FALSE(is_secret_token(kKeyPrefix, make_secret_token(kSessionPrefix)));
}

TEST_CASE("A key is shown once, works until it is revoked, and is stored as a digest") {
    Gateway gateway(sign_in_config());
    const auto made =
        make(gateway, {{"name", "shop"}, {"scopes", {"sessions:read"}}, {"valid_days", 7}}, kOperator);
    INFO(made.raw.body);
    REQUIRE(made.status == 201);
    const auto key = made.body.at("key").get<std::string>();
    const auto id = made.body.at("id").get<std::string>();
    CHECK(made.body.at("wallet_address").is_null());
    CHECK(made.body.at("last_used_at").is_null());
    const auto valid = parse_rfc3339(made.body.at("expires_at").get<std::string>()).value() -
                       parse_rfc3339(made.body.at("created_at").get<std::string>()).value();
    CHECK(valid == std::chrono::days(7));
    const auto stored = gateway.database.transact([](store::Txn& txn) {
        return txn.one("SELECT string_agg(k::text, '') AS all FROM gateway.api_key k")
            .get<std::string>("all");
    });
    CHECK(stored.find(key) == std::string::npos);

    const auto use = [&] {
        return gateway.send("POST", "/api/session/introspect", R"({"token":"x"})", bearer(key)).status;
    };
    CHECK(use() == 200);
    const auto listed = gateway.send("GET", "/api/keys", "", kOperator).body.at("items").at(0);
    CHECK(listed.at("id") == id);
    CHECK(listed.at("last_used_at").is_string());
    CHECK(gateway.send("DELETE", "/api/keys/" + id, "", kOperator).body == json{{"revoked", 1}});
    CHECK(use() == 401);
    CHECK(gateway.send("DELETE", "/api/keys/" + id, "", kOperator).status == 404);

    const auto other = make(gateway, {{"name", "shop"}, {"scopes", {"sessions:read"}}}, kOperator);
    gateway.database.transact(
        [](store::Txn& txn) { txn.exec("UPDATE gateway.api_key SET expires_at = now()"); });
    CHECK(gateway
              .send("POST", "/api/session/introspect", R"({"token":"x"})",
                    bearer(other.body.at("key").get<std::string>()))
              .status == 401);
}

TEST_CASE("A wallet makes, lists and revokes its own keys only, without privileged scopes") {
    Gateway gateway(sign_in_config());
    const auto wallet = bearer(TestWallet(1).sign_in(gateway));
    const auto stranger = bearer(TestWallet(2).sign_in(gateway));
    const json body = {{"name", "mine"}, {"scopes", {"account:read"}}};
    const auto made = make(gateway, body, wallet);
    REQUIRE(made.status == 201);
    CHECK(made.body.at("wallet_address") == TestWallet(1).name());
    const auto id = made.body.at("id").get<std::string>();
    const auto of_operator = make(gateway, {{"name", "shop"}, {"scopes", {"sessions:read"}}}, kOperator);
    const auto operator_id = of_operator.body.at("id").get<std::string>();
    CHECK(ids_of(gateway, wallet) == std::set{id});
    CHECK(ids_of(gateway, bearer(made.body.at("key").get<std::string>())) == std::set{id});
    CHECK(ids_of(gateway, stranger).empty());
    CHECK(ids_of(gateway, kOperator) == std::set{id, operator_id});
    for (const auto& other : {id, operator_id, std::string("zz"), std::string("0123456789abcdef")}) {
        CHECK(gateway.send("DELETE", "/api/keys/" + other, "", stranger).status == 404);
    }
    const auto privileged =
        make(gateway, {{"name", ""}, {"scopes", {"sessions:read", "all", "account:read"}}, {"valid_days", 0}},
             wallet);
    CHECK(privileged.status == 400);
    CHECK(pointers_of(privileged.body) ==
          std::set<std::string>{"/name", "/scopes/0", "/scopes/1", "/valid_days"});
    CHECK(pointers_of(make(gateway, body, kOperator).body) == std::set<std::string>{"/scopes/0"});
    for (const json& scopes : {json::array(), json("sessions:read"), json(nullptr)}) {
        CHECK(pointers_of(make(gateway, {{"name", "x"}, {"scopes", scopes}}, kOperator).body) ==
              std::set<std::string>{"/scopes"});
    }
    for (std::size_t n = 1; n < kMostWalletKeys; ++n) {
        REQUIRE(make(gateway, body, wallet).status == 201);
    }
    CHECK(make(gateway, body, wallet).body.at("code") == "too_many_keys");
    CHECK(make(gateway, body, stranger).status == 201);
    CHECK(gateway.send("DELETE", "/api/keys/" + id, "", wallet).status == 200);
    CHECK(make(gateway, body, wallet).status == 201);
    CHECK(gateway.send("DELETE", "/api/keys/" + operator_id, "", kOperator).status == 200);
}
