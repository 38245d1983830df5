// Tests of requests with an Idempotency-Key whose answers are stored.
#include "services/api-gateway/idempotency/answer_once.hpp"

#include "services/api-gateway/access/access_table.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

net::Headers keyed(net::Headers headers, const std::string& key) {
    headers.emplace_back("Idempotency-Key", key);
    return headers;
}

std::int64_t count(Gateway& gateway, const std::string& table) {
    return gateway.database.transact([&](store::Txn& txn) {
        return txn.one("SELECT count(*) AS n FROM gateway." + table).get<std::int64_t>("n");
    });
}

bool is_replayed(const Answer& answer) {
    return answer.raw.header("Idempotency-Replayed") == "true";
}

/// An API key of the operator that reads and writes profiles.
net::Headers profile_key(Gateway& gateway) {
    const auto made =
        gateway.send("POST", "/api/keys", R"({"name":"shop","scopes":["profiles:write","sessions:read"]})",
                     bearer("operator-token"));
    return bearer(made.body.at("key").get<std::string>());
}

/// True if the newest stored answer ends between the two times from now.
bool ends_between(Gateway& gateway, const char* earliest, const char* latest) {
    return gateway.database.transact([&](store::Txn& txn) {
        return txn
            .one(
                "SELECT max(kept_until) BETWEEN now() + $1::interval AND now() + $2::interval AS yes FROM "
                "gateway.stored_answer",
                {std::string(earliest), std::string(latest)})
            .get<bool>("yes");
    });
}

const std::string kKeyBody = R"({"name":"shop","scopes":["account:read"]})";

http::Request request_with(const std::string& key, const std::string& body = "{}") {
    http::Request out;
    out.headers["idempotency-key"] = key;
    out.body = body;
    return out;
}

http::Response created() {
    return {201, "application/json", "{}", {}};
}

std::pair<int, std::string> refusal_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const problem::Problem& problem) {
        return {problem.status, problem.code};
    }
    return {0, ""};
}

}  // namespace

TEST_CASE("an API key is made once for each Idempotency-Key, and its answer is repeated byte for byte") {
    Gateway gateway(sign_in_config());
    const auto caller = bearer(TestWallet(1).sign_in(gateway));
    const auto first = gateway.send("POST", "/api/keys", kKeyBody, keyed(caller, "a"));
    INFO(first.raw.body);
    REQUIRE(first.status == 201);
    CHECK_FALSE(is_replayed(first));
    const auto second = gateway.send("POST", "/api/v1/keys", kKeyBody, keyed(caller, "a"));
    CHECK(second.status == 201);
    CHECK(second.raw.body == first.raw.body);
    CHECK(is_replayed(second));
    CHECK(second.raw.header("Cache-Control") == "no-store");
    CHECK(count(gateway, "api_key") == 1);
    CHECK(ends_between(gateway, "11 minutes", "24 hours"));

    const auto other =
        gateway.send("POST", "/api/keys", R"({"name":"x","scopes":["account:read"]})", keyed(caller, "a"));
    CHECK(other.status == 422);
    CHECK(other.body.at("code") == "key_reused");
    CHECK(count(gateway, "api_key") == 1);
    CHECK(gateway.send("POST", "/api/keys", kKeyBody, keyed(caller, "b")).status == 201);
    CHECK(gateway.send("POST", "/api/keys", kKeyBody, caller).status == 201);
    CHECK(count(gateway, "api_key") == 3);
}

TEST_CASE("Idempotency-Keys of different callers and routes are different keys") {
    Gateway gateway(sign_in_config());
    const auto one = bearer(TestWallet(1).sign_in(gateway));
    const auto two = bearer(TestWallet(2).sign_in(gateway));
    const auto again = bearer(TestWallet(1).sign_in(gateway));
    for (const auto& caller : {one, two, again}) {
        const auto answer = gateway.send("POST", "/api/keys", kKeyBody, keyed(caller, "a"));
        CHECK(answer.status == 201);
        CHECK_FALSE(is_replayed(answer));
    }
    CHECK(count(gateway, "api_key") == 3);

    const auto key = keyed(profile_key(gateway), "a");
    const std::string body = R"({"nftTier":"gold","pkpPublicKey":null})";
    for (const unsigned n : {1, 2}) {
        const auto wallet = TestWallet(n).name();
        const auto answer = gateway.send("PUT", "/api/profiles/" + wallet, body, key);
        CHECK(answer.body.at("walletAddress") == wallet);
        CHECK_FALSE(is_replayed(answer));
    }
    CHECK(count(gateway, "profile") == 2);
}

TEST_CASE("a stored answer's token is not in the database, and ends with its time") {
    Gateway gateway(sign_in_config());
    const auto caller = bearer(TestWallet(1).sign_in(gateway));
    const auto first = gateway.send("POST", "/api/keys", kKeyBody, keyed(caller, "a"));
    const auto token = first.body.at("key").get<std::string>();
    const auto stored = gateway.database.transact([](store::Txn& txn) {
        return txn.one("SELECT sealed FROM gateway.stored_answer").get<Bytes>("sealed");
    });
    CHECK(std::string(stored.begin(), stored.end()).find(token) == std::string::npos);
    gateway.database.transact([](store::Txn& txn) {
        txn.exec("UPDATE gateway.stored_answer SET kept_until = now() - interval '1 second'");
    });
    const auto later = gateway.send("POST", "/api/keys", kKeyBody, keyed(caller, "a"));
    CHECK(later.status == 201);
    CHECK(later.body.at("key") != token);
    CHECK(count(gateway, "stored_answer") == 1);
}

TEST_CASE("a sign-in whose answer was lost gets the same session with its Idempotency-Key") {
    Gateway gateway(sign_in_config());
    const TestWallet wallet(1);
    for (const std::string delivery : {"bearer", "cookie"}) {
        const auto body = wallet.body(wallet.message(gateway).text(), delivery);
        const auto first = gateway.send("POST", "/api/session", body, keyed({}, delivery));
        REQUIRE(first.status == 201);
        const auto second = gateway.send("POST", "/api/session", body, keyed({}, delivery));
        CHECK(second.status == 201);
        CHECK(second.raw.body == first.raw.body);
        CHECK(second.raw.header("Set-Cookie") == first.raw.header("Set-Cookie"));
        CHECK(second.raw.header("Set-Cookie").has_value() == (delivery == "cookie"));
        CHECK(is_replayed(second));
        INFO("without the key the nonce is used");
        CHECK(gateway.send("POST", "/api/session", body).status == 403);
        CHECK(gateway.send("POST", "/api/session", body, keyed({}, "other")).status == 403);
    }
    CHECK(count(gateway, "session") == 2);
    CHECK(ends_between(gateway, "0", "10 minutes"));
}

TEST_CASE("a repeated profile does not undo a later one") {
    Gateway gateway(sign_in_config());
    const auto key = profile_key(gateway);
    const auto path = "/api/profiles/" + TestWallet(1).name();
    const auto body = [](const char* tier) {
        return json{{"nftTier", tier}, {"pkpPublicKey", nullptr}}.dump();
    };
    CHECK(gateway.send("PUT", path, body("gold"), keyed(key, "a")).status == 200);
    CHECK(gateway.send("PUT", path, body("silver"), keyed(key, "b")).status == 200);
    const auto late = gateway.send("PUT", path, body("gold"), keyed(key, "a"));
    CHECK(late.body.at("nftTier") == "gold");
    CHECK(is_replayed(late));
    CHECK(gateway.send("GET", path, "", key).body.at("nftTier") == "silver");
}

TEST_CASE("a refused request leaves its Idempotency-Key unused; an unusable key is refused everywhere") {
    Gateway gateway(sign_in_config());
    const auto caller = bearer(TestWallet(1).sign_in(gateway));
    CHECK(gateway.send("POST", "/api/keys", "{}", keyed(caller, "a")).status == 400);
    CHECK(gateway.send("POST", "/api/keys", kKeyBody, keyed(caller, "a")).status == 201);
    for (const auto& rule : access_table()) {
        if (rule.method == "POST" && rule.pattern.find('{') == std::string_view::npos) {
            INFO(rule.pattern);
            const auto answer = gateway.send("POST", std::string(rule.pattern), "{}",
                                             keyed(bearer("operator-token"), std::string(129, 'k')));
            CHECK(answer.status == 400);
            CHECK(answer.body.at("errors").at(0).at("code") == "invalid_key");
        }
    }
}

TEST_CASE(
    "answer_once: a request in progress is 409, a failed one has no effect, a wallet's answers are bounded") {
    Gateway gateway(sign_in_config());
    auto& database = gateway.served;
    const OnceScope scope{"POST /x", "wallet 0x1", "token", 2};
    std::pair<int, std::string> inner;
    answer_once(database, request_with("a"), scope, [&](store::Txn&) {
        inner = refusal_of(
            [&] { answer_once(database, request_with("a"), scope, [](store::Txn&) { return created(); }); });
        return created();
    });
    CHECK(inner == std::pair(409, std::string("request_in_progress")));

    CHECK_THROWS_AS(answer_once(database, request_with("b"), scope,
                                [](store::Txn& txn) -> http::Response {
                                    txn.exec("INSERT INTO gateway.profile (wallet) VALUES ($1::bytea)",
                                             {kRenter});
                                    throw std::runtime_error("the effect failed");
                                }),
                    std::runtime_error);
    CHECK(count(gateway, "profile") == 0);
    CHECK(count(gateway, "stored_answer") == 1);
    int effects = 0;
    const auto effect = [&](store::Txn&) {
        ++effects;
        return created();
    };
    CHECK(answer_once(database, request_with("b"), scope, effect).status == 201);
    CHECK(refusal_of([&] { answer_once(database, request_with("c"), scope, effect); }) ==
          std::pair(429, std::string("too_many_stored_answers")));
    CHECK(answer_once(database, request_with("b"), scope, effect).status == 201);
    CHECK(effects == 1);
    CHECK(refusal_of([&] { find_answer(database, request_with("b", "[]"), scope); }) ==
          std::pair(422, std::string("key_reused")));
}

TEST_CASE("openapi.yaml: every POST and PUT with an effect documents Idempotency-Key") {
    Gateway gateway;
    // No effect, or any number of equal ones.
    const std::set<std::string> without = {"/api/jobs/check",         "/api/jobs/query",
                                           "/api/nodes/query",        "/api/session/introspect",
                                           "/api/agents/credentials", "/api/files"};
    const auto paths = gateway.get("/openapi.json").body.at("paths");
    std::size_t seen = 0;
    for (const auto& [path, operations] : paths.items()) {
        for (const auto* method : {"post", "put"}) {
            if (!operations.contains(method)) {
                continue;
            }
            const auto parameters = operations.at(method).value("parameters", json::array());
            const bool documented =
                std::any_of(parameters.begin(), parameters.end(), [](const json& parameter) {
                    return parameter.value("$ref", "") == "#/components/parameters/idempotencyKey";
                });
            INFO(method << " " << path);
            CHECK(documented == !without.contains(path));
            ++seen;
        }
    }
    CHECK(seen > without.size());
}
