// Tests of sign-ins, sessions and introspection through real HTTP.
#include <catch2/catch.hpp>

#include "services/api-gateway/access/secret_token.hpp"
#include "services/api-gateway/session/nonce.hpp"
#include "services/api-gateway/testing/documented_api.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const std::string kIntrospect = "/api/session/introspect";

std::set<std::string> codes_of(const Answer& answer) {
    std::set<std::string> out;
    for (const auto& error : answer.body.value("errors", json::array())) {
        out.insert(error.at("code").get<std::string>());
    }
    return out;
}

std::uint64_t count(Gateway& gateway, const std::string& table) {
    return gateway.database.transact([&](store::Txn& txn) {
        return txn.one("SELECT count(*) AS n FROM gateway." + table).get<std::uint64_t>("n");
    });
}

/// An API key of the operator.
std::string operator_key(Gateway& gateway, const std::string& scope) {
    const auto made = gateway.send("POST", "/api/keys", json{{"name", "test"}, {"scopes", {scope}}}.dump(),
                                   bearer("operator-token"));
    INFO(made.raw.body);
    REQUIRE(made.status == 201);
    return made.body.at("key").get<std::string>();
}

std::string header(const Answer& answer, const std::string& name) {
    const auto found = answer.raw.header(name);
    return found ? std::string(*found) : "";
}

}  // namespace

TEST_CASE("A wallet signs in, uses its session and signs out") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    const auto answer = wallet.try_to_sign_in(gateway, wallet.message(gateway));
    INFO(answer.raw.body);
    REQUIRE(answer.status == 201);
    CHECK(header(answer, "Cache-Control") == "no-store");
    CHECK(header(answer, "Set-Cookie").empty());
    const auto token = answer.body.at("token").get<std::string>();
    CHECK(is_secret_token(kSessionPrefix, token));
    const auto session = answer.body.at("session");
    CHECK(session.at("wallet_address") == wallet.name());
    CHECK(session.at("domain") == "localhost:3000");
    CHECK(session.at("chain_id") == 97);
    CHECK(session.at("current") == true);

    const auto own = gateway.send("GET", "/api/session", "", bearer(token));
    CHECK(own.status == 200);
    CHECK(own.body == session);
    CHECK(gateway.send("GET", "/api/v1/session", "", bearer(token)).status == 200);
    const auto stored = gateway.database.transact([](store::Txn& txn) {
        return txn.one("SELECT string_agg(s::text, '') AS all FROM gateway.session s")
            .get<std::string>("all");
    });
    CHECK(stored.find(token) == std::string::npos);

    const auto out = gateway.send("DELETE", "/api/session", "", bearer(token));
    CHECK(out.status == 200);
    CHECK(out.body == json{{"ended", 1}});
    const auto after = gateway.send("GET", "/api/session", "", bearer(token));
    CHECK(after.status == 401);
    CHECK(header(after, "WWW-Authenticate") == "Bearer error=\"invalid_token\"");
    CHECK(gateway.get("/api/session").status == 401);
}

TEST_CASE("Any valid form of a key's signature signs in") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    const auto sign_in = [&](auto change) {
        const auto text = wallet.message(gateway).text();
        Bytes signature = wallet.signature(text).bytes65();
        change(signature);
        return gateway
            .send("POST", "/api/session", json{{"message", text}, {"signature", to_hex(signature)}}.dump())
            .status;
    };
    CHECK(sign_in([](Bytes&) {}) == 201);
    CHECK(sign_in([](Bytes& s) { s[64] -= 27; }) == 201);
    CHECK(sign_in([](Bytes& s) {  // EIP-2098
              s[32] |= static_cast<std::uint8_t>((s[64] - 27) << 7);
              s.pop_back();
          }) == 201);
    CHECK(sign_in([](Bytes& s) { s[64] ^= 7; }) == 403);
    CHECK(sign_in([](Bytes& s) { s[5] ^= 1; }) == 403);
    CHECK(sign_in([](Bytes& s) { s.push_back(0); }) == 403);
    CHECK(sign_in([](Bytes& s) { s.clear(); }) == 400);
    CHECK(sign_in([](Bytes& s) { s.resize(kLongestSignature + 1); }) == 400);
    // The other signature of the same key: n - s, and the other v.
    CHECK(sign_in([](Bytes& s) {
              const U256 n =
                  u256_from_be(from_hex("0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD036"
                                        "4141")
                                   .value())
                      .value();
              const auto high = to_be32(n - u256_from_be(BytesView(s).subspan(32, 32)).value());
              std::copy(high.begin(), high.end(), s.begin() + 32);
              s[64] ^= 7;
          }) == 403);
}

TEST_CASE("A sign-in is refused with every reason, stores nothing and does not use up its nonce") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    auto message = wallet.message(gateway);
    message.domain = "evil.example";
    message.chain_id = "56";
    message.issued_at = "2020-01-01T00:00:00Z";
    const auto refused = wallet.try_to_sign_in(gateway, message);
    CHECK(refused.status == 403);
    CHECK(refused.body.at("code") == "sign_in_refused");
    CHECK(codes_of(refused) == std::set<std::string>{"wrong_domain", "wrong_chain", "issued_too_long_ago"});
    CHECK(pointers_of(refused.body) == std::set<std::string>{"/message"});

    auto other = wallet.message(gateway);
    other.nonce = message.nonce;
    const auto text = other.text();
    const auto of_another =
        json{{"message", text}, {"signature", TestWallet(2).signature(text).hex65()}}.dump();
    const auto wrong = gateway.send("POST", "/api/session", of_another);
    CHECK(wrong.status == 403);
    CHECK(wrong.body.at("code") == "invalid_signature");
    auto changed = text;
    changed.replace(changed.find("I accept"), 8, "I reject");
    CHECK(gateway
              .send("POST", "/api/session",
                    json{{"message", changed}, {"signature", wallet.signature(text).hex65()}}.dump())
              .body.at("code") == "invalid_signature");
    const auto malformed =
        gateway.send("POST", "/api/session",
                     json{{"message", "hello"}, {"signature", "0x1"}, {"delivery", "post"}}.dump());
    CHECK(malformed.status == 400);
    CHECK(pointers_of(malformed.body) == std::set<std::string>{"/message", "/signature", "/delivery"});
    for (const std::string body : {"", "[]", "{}", R"({"message":1,"signature":2})"}) {
        CHECK(gateway.send("POST", "/api/session", body).status == 400);
    }
    const auto contract = gateway.send(
        "POST", "/api/session", json{{"message", text}, {"signature", "0x" + std::string(200, '1')}}.dump());
    CHECK(contract.status == 403);
    CHECK(contract.body.at("code") == "contract_wallet_unsupported");
    CHECK(count(gateway, "session") == 0);
    CHECK(count(gateway, "used_nonce") == 0);
    CHECK(wallet.try_to_sign_in(gateway, other).status == 201);
}

TEST_CASE("A nonce signs in once, whichever gateway gets it") {
    Gateway gateway(sign_in_config());
    // A second gateway on the same database.
    http::Server second(server_config(gateway.memory), gateway.clock, telemetry::Log::none(),
                        gateway.metrics);
    add_routes(second, gateway.parts);
    const int first_port = gateway.port;
    const int second_port = second.start();
    const TestWallet wallet(1);
    const auto message = wallet.message(gateway);
    gateway.port = second_port;
    const auto answer = wallet.try_to_sign_in(gateway, message);
    REQUIRE(answer.status == 201);
    for (const int port : {first_port, second_port}) {
        gateway.port = port;
        const auto replayed = wallet.try_to_sign_in(gateway, message);
        CHECK(replayed.status == 403);
        CHECK(codes_of(replayed) == std::set<std::string>{"nonce_used"});
        auto other = TestWallet(2).message(gateway);
        other.nonce = message.nonce;
        CHECK(codes_of(TestWallet(2).try_to_sign_in(gateway, other)) == std::set<std::string>{"nonce_used"});
    }
    gateway.port = first_port;
    const auto token = answer.body.at("token").get<std::string>();
    CHECK(gateway.send("GET", "/api/session", "", bearer(token)).status == 200);
    CHECK(gateway.send("DELETE", "/api/session", "", bearer(token)).status == 200);
    gateway.port = second_port;
    CHECK(gateway.send("GET", "/api/session", "", bearer(token)).status == 401);
    second.stop();
}

TEST_CASE("Old nonces and sessions end, and their rows are removed") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    const auto facts = gateway.database.transact([](store::Txn& txn) { return read_nonce_facts(txn); });
    auto late = wallet.message(gateway);
    late.nonce = make_nonce(facts.key, facts.now - kNonceValidity).text;
    CHECK(codes_of(wallet.try_to_sign_in(gateway, late)) == std::set<std::string>{"nonce_expired"});

    const auto age = [&](const std::string& columns, const std::string& by) {
        gateway.database.transact([&](store::Txn& txn) {
            txn.exec("UPDATE gateway.session SET " + columns + " - interval '" + by + "'");
        });
    };
    const auto status = [&](const std::string& token) {
        return gateway.send("GET", "/api/session", "", bearer(token)).status;
    };
    const auto token = wallet.sign_in(gateway);
    age("last_activity = last_activity", "23 hours 59 minutes");
    CHECK(status(token) == 200);  // which is a use
    age("last_activity = last_activity", "23 hours 59 minutes");
    CHECK(status(token) == 200);
    age("last_activity = last_activity", "24 hours");
    CHECK(status(token) == 401);
    CHECK(count(gateway, "session") == 1);
    const auto other = wallet.sign_in(gateway);
    CHECK(count(gateway, "session") == 1);
    age("created_at = created_at", "30 days");
    CHECK(status(other) == 401);

    gateway.database.transact([](store::Txn& txn) {
        txn.exec("UPDATE gateway.used_nonce SET kept_until = now() - interval '1 s'");
    });
    (void)wallet.sign_in(gateway);
    CHECK(count(gateway, "used_nonce") == 1);
}

TEST_CASE("A wallet sees and ends its own sessions only") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    const TestWallet stranger(2);
    const auto first = wallet.sign_in(gateway);
    const auto second = wallet.sign_in(gateway);
    const auto foreign = stranger.sign_in(gateway);
    const auto list = gateway.send("GET", "/api/sessions", "", bearer(second)).body.at("items");
    REQUIRE(list.size() == 2);
    const auto id = [&](const std::string& token) {
        return gateway.send("GET", "/api/session", "", bearer(token)).body.at("id").get<std::string>();
    };
    CHECK(list[0].at("id") == id(second));
    CHECK(list[0].at("current") == true);
    CHECK(list[1].at("current") == false);
    for (const auto& wrong : {id(foreign), std::string("0000000000000000"), std::string("x")}) {
        CHECK(gateway.send("DELETE", "/api/sessions/" + wrong, "", bearer(first)).status == 404);
    }
    const auto first_id = id(first);
    CHECK(gateway.send("DELETE", "/api/sessions/" + first_id, "", bearer(second)).status == 200);
    CHECK(gateway.send("GET", "/api/session", "", bearer(first)).status == 401);
    (void)wallet.sign_in(gateway);
    CHECK(gateway.send("DELETE", "/api/sessions", "", bearer(second)).body == json{{"ended", 2}});
    CHECK(gateway.send("GET", "/api/session", "", bearer(second)).status == 401);
    CHECK(gateway.send("GET", "/api/session", "", bearer(foreign)).status == 200);
}

TEST_CASE("A cookie signs in a trusted page, and changes nothing for other pages") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    const auto sign_in = [&](const net::Headers& headers) {
        return gateway.send("POST", "/api/session", wallet.body(wallet.message(gateway).text(), "cookie"),
                            headers);
    };
    const std::string evil = "https://evil.example";
    CHECK(sign_in({{"Origin", evil}}).body.at("code") == "foreign_origin");
    const auto answer = sign_in({{"Origin", kOrigin}});
    REQUIRE(answer.status == 201);
    CHECK_FALSE(answer.body.contains("token"));
    const auto cookie = header(answer, "Set-Cookie");
    CHECK(cookie.ends_with("; Path=/api; Max-Age=2592000; HttpOnly; SameSite=Lax"));
    const net::Headers kept = {{"Cookie", "a=b; " + cookie.substr(0, cookie.find(';')) + "; c=d"}};
    const auto with = [&](const std::string& name, const std::string& value) {
        auto out = kept;
        out.emplace_back(name, value);
        return out;
    };
    CHECK(gateway.send("GET", "/api/session", "", kept).status == 200);
    CHECK(gateway.send("DELETE", "/api/session", "", kept).body.at("code") == "foreign_origin");
    CHECK(gateway.send("DELETE", "/api/session", "", with("Origin", evil)).status == 403);
    CHECK(gateway.send("DELETE", "/api/session", "", with("Origin", "null")).status == 403);
    CHECK(gateway.send("GET", "/api/session", "", kept).status == 200);
    const auto out = gateway.send("DELETE", "/api/session", "", with("Origin", kOrigin));
    CHECK(out.status == 200);
    CHECK(header(out, "Set-Cookie") == "lamda_session=; Path=/api; Max-Age=0; HttpOnly; SameSite=Lax");
    CHECK(gateway.send("GET", "/api/session", "", kept).status == 401);

    const auto encrypted = sign_in({{"Origin", kOrigin}, {"X-Forwarded-Proto", "https"}});
    CHECK(header(encrypted, "Set-Cookie").ends_with("; HttpOnly; SameSite=Lax; Secure"));
    const auto own = "http://127.0.0.1:" + std::to_string(gateway.port);
    CHECK(sign_in({{"Origin", own}}).status == 201);
    CHECK(sign_in({{"Origin", "https://proxied.example"}, {"Sec-Fetch-Site", "same-origin"}}).status == 201);
}

TEST_CASE(
    "Applications share a sign-in: introspection has the session's facts, and a sign-out counts at once") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    const auto token = wallet.sign_in(gateway);
    const auto reader = bearer(operator_key(gateway, "sessions:read"));
    const auto writer = bearer(operator_key(gateway, "profiles:write"));
    const auto introspect = [&](const std::string& of) {
        const auto answer = gateway.send("POST", kIntrospect, json{{"token", of}}.dump(), reader);
        INFO(answer.raw.body);
        CHECK(answer.status == 200);
        CHECK(header(answer, "Cache-Control") == "no-store");
        return answer.body;
    };
    auto facts = introspect(token);
    CHECK(facts.at("active") == true);
    CHECK(facts.at("userId") == wallet.address().hex());
    CHECK(facts.at("walletAddress") == wallet.name());
    CHECK(facts.at("nftTier").is_null());
    CHECK(facts.at("pkpPublicKey").is_null());
    CHECK(facts.at("lastActivity").get<std::int64_t>() > 1'700'000'000'000);
    CHECK(facts.at("exp").get<std::int64_t>() - facts.at("iat").get<std::int64_t>() == 24 * 3'600);

    const std::string pkp =
        "0x04" + to_hex_bare(crypto::LocalSigner::from_bytes(bytes_of(9).view()).value()->public_key());
    const auto path = "/api/profiles/" + wallet.name();
    const auto put = [&](const json& body) { return gateway.send("PUT", path, body.dump(), writer); };
    CHECK(put({{"nftTier", "gold"}, {"pkpPublicKey", pkp}}).status == 200);
    facts = introspect(token);
    CHECK(facts.at("nftTier") == "gold");
    CHECK(facts.at("pkpPublicKey") == pkp);
    const auto wrong = put({{"nftTier", ""}, {"pkpPublicKey", "0x04"}, {"more", 1}});
    CHECK(wrong.status == 400);
    CHECK(pointers_of(wrong.body) == std::set<std::string>{"/nftTier", "/pkpPublicKey", "/more"});
    CHECK(introspect(token).at("nftTier") == "gold");
    CHECK(gateway.send("GET", path, "", reader).body ==
          json{{"walletAddress", wallet.name()}, {"nftTier", "gold"}, {"pkpPublicKey", pkp}});
    CHECK(put({{"nftTier", nullptr}, {"pkpPublicKey", nullptr}}).status == 200);
    CHECK(introspect(token).at("nftTier").is_null());

    CHECK(gateway.send("DELETE", "/api/session", "", bearer(token)).status == 200);
    CHECK(introspect(token) == json{{"active", false}});
    for (const std::string& unknown : {std::string(), std::string("x"), make_secret_token(kSessionPrefix),
                                       make_secret_token(kKeyPrefix)}) {
        CHECK(introspect(unknown) == json{{"active", false}});
    }
    CHECK(gateway.send("POST", kIntrospect, "{}", reader).status == 400);
    CHECK(gateway.send("POST", kIntrospect, R"({"token":"x","token_type_hint":"access_token"})", reader)
              .status == 200);
    CHECK(pointers_of(
              gateway.send("POST", kIntrospect, R"({"token":"x","token_type_hint":[]})", reader).body) ==
          std::set<std::string>{"/token_type_hint"});
}

TEST_CASE("Sign-ins of one client are limited, and of one wallet only the newest sessions are kept") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    int admitted = 0;
    Answer answer{};
    do {
        answer = gateway.send("POST", "/api/session", "{}", {{"X-Forwarded-For", "192.0.2.1"}});
    } while (answer.status == 400 && ++admitted < 1'000);
    CHECK(admitted == 30);
    CHECK(answer.status == 429);
    CHECK(answer.body.at("code") == "too_many_sign_ins");
    CHECK(header(answer, "Retry-After") == "11");
    const auto first = wallet.sign_in(gateway);  // from another address
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO gateway.session SELECT sha256(n::text::bytea), wallet, chain_id, domain, "
            "user_agent, "
            "created_at, last_activity + interval '1 s' FROM gateway.session, generate_series(1, $1::int) n",
            {kMostSessions});
    });
    (void)wallet.sign_in(gateway);
    CHECK(count(gateway, "session") == kMostSessions);
    CHECK(gateway.send("GET", "/api/session", "", bearer(first)).status == 401);
}
