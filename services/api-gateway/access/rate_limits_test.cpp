#include "services/api-gateway/access/rate_limits.hpp"

#include <catch2/catch.hpp>

#include "services/api-gateway/access/secret_token.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;
using namespace std::chrono_literals;

namespace {

std::string limit_of(const RateLimits::Verdict& verdict) {
    return verdict.headers.empty() ? "" : verdict.headers.at(1).second;
}

RateHolder address(const std::string& text) {
    return {RateHolder::Kind::kAddress, text};
}

Answer send_from(Gateway& gateway, const std::string& client, const std::string& method,
                 const std::string& path, net::Headers headers = {}) {
    headers.emplace_back("X-Forwarded-For", client);
    return gateway.send(method, path, "", headers);
}

std::string limit_of(const Answer& answer) {
    return std::string(answer.raw.header("RateLimit").value_or(""));
}

}  // namespace

TEST_CASE("A client's requests are admitted up to its quota, then at its rate; another client has its own") {
    const FakeClock clock(from_unix_seconds(1'000'000));
    RateLimits limits({2, 1, 5}, clock);
    for (int left = 19; left >= 0; --left) {
        const auto verdict = limits.admit(Cost::kCheap, address("192.0.2.1"));
        REQUIRE(verdict.retry_after == 0);
        CHECK(verdict.headers.at(0) ==
              std::pair<std::string, std::string>{"RateLimit-Policy", "\"default\";q=20;w=10"});
        CHECK(limit_of(verdict) == "\"default\";r=" + std::to_string(left) + ";t=1");
    }
    const auto refused = limits.admit(Cost::kCheap, address("192.0.2.1"));
    CHECK(refused.retry_after == 1);
    CHECK(limit_of(refused) == "\"default\";r=0;t=1");
    CHECK(limits.admit(Cost::kCheap, address("192.0.2.2")).retry_after == 0);
    INFO("expensive requests have a bucket of their own");
    CHECK(limit_of(limits.admit(Cost::kExpensive, address("192.0.2.1"))) == "\"expensive\";r=9;t=1");

    clock.advance(499ms);
    CHECK(limits.admit(Cost::kCheap, address("192.0.2.1")).retry_after == 1);
    clock.advance(1ms);
    CHECK(limits.admit(Cost::kCheap, address("192.0.2.1")).retry_after == 0);
    CHECK(limits.admit(Cost::kCheap, address("192.0.2.1")).retry_after == 1);
    clock.advance(3'600s);
    CHECK(limit_of(limits.admit(Cost::kCheap, address("192.0.2.1"))) == "\"default\";r=19;t=1");
}

TEST_CASE("A rate of 0 is no limit") {
    const FakeClock clock(from_unix_seconds(1'000'000));
    RateLimits limits({0, 0, 0}, clock);
    for (int i = 0; i < 1'000; ++i) {
        const auto verdict = limits.admit(Cost::kExpensive, address("192.0.2.1"));
        REQUIRE(verdict.retry_after == 0);
        REQUIRE(verdict.headers.empty());
    }
}

TEST_CASE("An IPv6 client is counted by its /64; a request that a proxy sends for itself is not counted") {
    const auto proxies = http::AddressRanges::loopback();
    http::Request request;
    request.client = "2001:db8:1:2:3::4";
    const FakeClock clock(from_unix_seconds(1'000'000));
    const KnownKeys keys(clock);
    CHECK(holder_of(request, proxies, keys) == address("2001:db8:1:2::/64"));
    request.client = "192.0.2.1";
    CHECK(holder_of(request, proxies, keys) == address("192.0.2.1"));
    for (const char* local : {"127.0.0.1", "::1"}) {
        request.client = local;
        CHECK_FALSE(holder_of(request, proxies, keys));
        CHECK(holder_of(request, http::AddressRanges(), keys));
    }
}

TEST_CASE("Answers show the client's rate limit; above it they are 429 with Retry-After and change nothing") {
    Config settings = config();
    settings.rates = {1, 1, 5};
    Gateway gateway(settings);
    for (int i = 0; i < 10; ++i) {
        const auto answer = send_from(gateway, "192.0.2.1", "GET", "/api/jobs");
        REQUIRE(answer.status == 200);
        CHECK(answer.raw.header("RateLimit-Policy") == "\"default\";q=10;w=10");
        CHECK(answer.raw.header("RateLimit") == "\"default\";r=" + std::to_string(9 - i) + ";t=1");
    }
    const auto refused = send_from(gateway, "192.0.2.1", "GET", "/api/jobs");
    INFO(refused.body.dump());
    CHECK(refused.status == 429);
    CHECK(refused.body.at("code") == "too_many_requests");
    CHECK(refused.raw.header("Retry-After") == "1");
    CHECK(refused.raw.header("RateLimit") == "\"default\";r=0;t=1");

    INFO("large pages and writes have a limit of their own; refused ones show it too");
    CHECK(send_from(gateway, "192.0.2.1", "GET", "/api/jobs?limit=1000").raw.header("RateLimit") ==
          "\"expensive\";r=9;t=1");
    const auto invalid = send_from(gateway, "192.0.2.1", "POST", "/api/jobs");
    CHECK(invalid.status == 400);
    CHECK(invalid.raw.header("RateLimit") == "\"expensive\";r=8;t=1");
    CHECK(send_from(gateway, "192.0.2.1", "POST", "/api/jobs/query").status == 429);

    INFO("other clients, and programs on this machine");
    CHECK(send_from(gateway, "192.0.2.2", "GET", "/api/jobs").status == 200);
    for (int i = 0; i < 20; ++i) {
        const auto local = gateway.get("/api/jobs");
        REQUIRE(local.status == 200);
        REQUIRE_FALSE(local.raw.header("RateLimit"));
    }
}

TEST_CASE(
    "A wallet has one limit for all its sessions and addresses, in addition to those of the addresses") {
    Config settings = sign_in_config();
    settings.rates = {1, 1, 5};
    Gateway gateway(settings);
    const TestWallet wallet(1);
    const std::vector<net::Headers> sessions = {bearer(wallet.sign_in(gateway)),
                                                bearer(wallet.sign_in(gateway))};
    for (int i = 0; i < 10; ++i) {
        const auto client = "192.0.2." + std::to_string(i + 1);
        const auto answer =
            send_from(gateway, client, "GET", "/api/session", sessions[static_cast<std::size_t>(i % 2)]);
        REQUIRE(answer.status == 200);
        CHECK(limit_of(answer) == "\"default\";r=9;t=1, \"wallet\";r=" + std::to_string(9 - i) + ";t=1");
        CHECK(answer.raw.header("RateLimit-Policy") == "\"default\";q=10;w=10, \"wallet\";q=10;w=10");
    }
    const auto refused = send_from(gateway, "192.0.2.99", "GET", "/api/session", sessions[0]);
    CHECK(refused.status == 429);
    CHECK(refused.body.at("code") == "too_many_requests");
    CHECK(refused.raw.header("Retry-After") == "1");
    CHECK(limit_of(refused) == "\"default\";r=9;t=1, \"wallet\";r=0;t=1");
    CHECK(send_from(gateway, "192.0.2.99", "GET", "/api/session", bearer(TestWallet(2).sign_in(gateway)))
              .status == 200);
}

TEST_CASE("An operator's API key has a limit of its own instead of its address's, on every route") {
    Config settings = sign_in_config();
    settings.rates = {1, 1, 5};
    Gateway gateway(settings);
    const auto make = [&](const net::Headers& by, const char* scope) {
        const auto made =
            gateway.send("POST", "/api/keys", json{{"name", "shop"}, {"scopes", {scope}}}.dump(), by);
        return bearer(made.body.at("key").get<std::string>());
    };
    const auto key = make(bearer("operator-token"), "sessions:read");
    const auto of_wallet = make(bearer(TestWallet(1).sign_in(gateway)), "account:read");
    INFO("the first request is counted for the address, for its key is not verified yet");
    CHECK(limit_of(send_from(gateway, "192.0.2.1", "GET", "/api/jobs", key)) == "\"default\";r=9;t=1");
    for (int left = 49; left >= 0; --left) {
        const auto answer = send_from(gateway, "192.0.2.1", "GET", "/api/jobs", key);
        REQUIRE(answer.status == 200);
        CHECK(limit_of(answer).starts_with("\"key\";r=" + std::to_string(left) + ";t="));
    }
    CHECK(send_from(gateway, "192.0.2.1", "GET", "/api/jobs", key).status == 429);
    CHECK(limit_of(send_from(gateway, "192.0.2.1", "GET", "/api/jobs")) == "\"default\";r=8;t=1");

    INFO("a key that was revoked counts for its address after a minute");
    gateway.database.transact(
        [](store::Txn& txn) { txn.exec("DELETE FROM gateway.api_key WHERE wallet IS NULL"); });
    gateway.clock_of_rates.advance(KnownKeys::kRemembered);
    CHECK(limit_of(send_from(gateway, "192.0.2.4", "GET", "/api/jobs", key)) == "\"default\";r=9;t=1");

    INFO("a wallet's key does not lift the address's limit, nor does a token that is no key");
    for (int i = 0; i < 10; ++i) {
        send_from(gateway, "192.0.2.2", "GET", "/api/jobs", of_wallet);
        send_from(gateway, "192.0.2.3", "GET", "/api/jobs", bearer(make_secret_token(kKeyPrefix)));
    }
    CHECK(send_from(gateway, "192.0.2.2", "GET", "/api/jobs", of_wallet).status == 429);
    CHECK(send_from(gateway, "192.0.2.3", "GET", "/api/jobs").status == 429);
}

TEST_CASE("A known key is forgotten a minute after it was remembered, and their number is bounded") {
    const FakeClock clock(from_unix_seconds(1'000'000));
    KnownKeys keys(clock);
    keys.remember(bytes_of(1), "one");
    clock.advance(KnownKeys::kRemembered - 1ms);
    CHECK(keys.find(bytes_of(1)) == "one");
    clock.advance(1ms);
    CHECK_FALSE(keys.find(bytes_of(1)));
    for (unsigned i = 0; i < KnownKeys::kMost; ++i) {
        Bytes32 digest;
        digest.array()[0] = static_cast<std::uint8_t>(i >> 8);
        digest.array()[1] = static_cast<std::uint8_t>(i & 0xFF);
        keys.remember(digest, "many");
    }
    keys.remember(bytes_of(1), "one");
    CHECK(keys.find(bytes_of(1)) == "one");
    CHECK_FALSE(keys.find(bytes_of(0)));
}
