#include "services/api-gateway/access/rate_limits.hpp"

#include <catch2/catch.hpp>

#include "services/api-gateway/testing/gateway_scene.hpp"

using namespace lamda;
using namespace lamda::gateway;
using namespace std::chrono_literals;

namespace {

std::string limit_of(const RateLimits::Verdict& verdict) {
    return verdict.headers.empty() ? "" : verdict.headers.at(1).second;
}

Answer send_from(Gateway& gateway, const std::string& client, const std::string& method,
                 const std::string& path) {
    return gateway.send(method, path, "", {{"X-Forwarded-For", client}});
}

}  // namespace

TEST_CASE("A client's requests are admitted up to its quota, then at its rate; another client has its own") {
    const FakeClock clock(from_unix_seconds(1'000'000));
    RateLimits limits({2, 1}, clock);
    for (int left = 19; left >= 0; --left) {
        const auto verdict = limits.admit(Cost::kCheap, "address 192.0.2.1");
        REQUIRE(verdict.retry_after == 0);
        CHECK(verdict.headers.at(0) ==
              std::pair<std::string, std::string>{"RateLimit-Policy", "\"default\";q=20;w=10"});
        CHECK(limit_of(verdict) == "\"default\";r=" + std::to_string(left) + ";t=1");
    }
    const auto refused = limits.admit(Cost::kCheap, "address 192.0.2.1");
    CHECK(refused.retry_after == 1);
    CHECK(limit_of(refused) == "\"default\";r=0;t=1");
    CHECK(limits.admit(Cost::kCheap, "address 192.0.2.2").retry_after == 0);
    INFO("expensive requests have a bucket of their own");
    CHECK(limit_of(limits.admit(Cost::kExpensive, "address 192.0.2.1")) == "\"expensive\";r=9;t=1");

    clock.advance(499ms);
    CHECK(limits.admit(Cost::kCheap, "address 192.0.2.1").retry_after == 1);
    clock.advance(1ms);
    CHECK(limits.admit(Cost::kCheap, "address 192.0.2.1").retry_after == 0);
    CHECK(limits.admit(Cost::kCheap, "address 192.0.2.1").retry_after == 1);
    clock.advance(3'600s);
    CHECK(limit_of(limits.admit(Cost::kCheap, "address 192.0.2.1")) == "\"default\";r=19;t=1");
}

TEST_CASE("A rate of 0 is no limit") {
    const FakeClock clock(from_unix_seconds(1'000'000));
    RateLimits limits({0, 0}, clock);
    for (int i = 0; i < 1'000; ++i) {
        const auto verdict = limits.admit(Cost::kExpensive, "address 192.0.2.1");
        REQUIRE(verdict.retry_after == 0);
        REQUIRE(verdict.headers.empty());
    }
}

TEST_CASE("An IPv6 client is counted by its /64; a request that a proxy sends for itself is not counted") {
    const auto proxies = http::AddressRanges::loopback();
    http::Request request;
    request.client = "2001:db8:1:2:3::4";
    CHECK(holder_of(request, proxies) == "address 2001:db8:1:2::/64");
    request.client = "192.0.2.1";
    CHECK(holder_of(request, proxies) == "address 192.0.2.1");
    for (const char* local : {"127.0.0.1", "::1"}) {
        request.client = local;
        CHECK_FALSE(holder_of(request, proxies));
        CHECK(holder_of(request, http::AddressRanges()));
    }
}

TEST_CASE("Answers show the client's rate limit; above it they are 429 with Retry-After and change nothing") {
    Config settings = config();
    settings.rates = {1, 1};
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
