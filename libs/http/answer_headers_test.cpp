// Tests of the headers that every answer has, and of CORS with credentials.
#include <catch2/catch.hpp>

#include "http/detail/answer_headers.hpp"
#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"

using namespace lamda;
using namespace lamda::http;

namespace {

ServerConfig with_origins(std::vector<std::string> origins) {
    ServerConfig config = without_deadlines();
    config.cors_origins = std::move(origins);
    return config;
}

std::string preflight(const std::string& origin) {
    return "OPTIONS /items HTTP/1.1\r\nHost: x\r\nOrigin: " + origin +
           "\r\nAccess-Control-Request-Method: POST\r\n\r\n";
}

}  // namespace

TEST_CASE("every answer, also a refusal before routing, forbids browsers to load, frame, sniff or leak it") {
    TestServer server;
    const std::vector<std::string> requests = {get("/items/1"), get("/none"),
                                               get("/break"),   "OPTIONS /items HTTP/1.1\r\nHost: x\r\n\r\n",
                                               get("/items/%"), "GET / HTTP/1.1\r\n\r\n"};
    for (const auto& request : requests) {
        INFO(request);
        const auto answer = RawClient(server.port).ask(request);
        CHECK(answer.has("X-Content-Type-Options: nosniff"));
        CHECK(answer.has("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"));
        CHECK(answer.has("Referrer-Policy: no-referrer"));
        CHECK(answer.has("Cross-Origin-Resource-Policy: same-origin"));
        CHECK(answer.head.find("\r\nDate: ") != std::string::npos);
        CHECK(answer.head.find("\r\nDate: ") == answer.head.rfind("\r\nDate: "));
    }
}

TEST_CASE("a handler's own policy replaces the one of every answer") {
    Response response{200, "text/html", "", {{"content-security-policy", "default-src 'self'"}}};
    add_protection(response, false);
    CHECK(response.headers.size() == 4);
    CHECK(response.headers.front().second == "default-src 'self'");
}

TEST_CASE("Strict-Transport-Security is sent to clients of a trusted proxy with TLS only") {
    TestServer trusting;
    const auto over = [](const TestServer& server, const std::string& proto) {
        return RawClient(server.port)
            .ask(get("/items/1", "X-Forwarded-Proto: " + proto + "\r\n"))
            .has("Strict-Transport-Security: max-age=31536000");
    };
    CHECK(over(trusting, "https"));
    CHECK(over(trusting, "http, HTTPS"));
    CHECK_FALSE(over(trusting, "http"));
    CHECK_FALSE(over(trusting, "https, http"));
    CHECK(RawClient(trusting.port).ask(get("/items/1")).head.find("Strict-Transport") == std::string::npos);
    ServerConfig config = without_deadlines();
    config.trusted_proxies = AddressRanges();
    TestServer alone(config);
    CHECK_FALSE(over(alone, "https"));
}

TEST_CASE("CORS: pages of listed origins may send credentials and conditional requests; with * none may") {
    TestServer listed(with_origins({"https://app.example", "https://b.example"}));
    const auto answer = RawClient(listed.port).ask(preflight("https://b.example"));
    CHECK(answer.status == 204);
    CHECK(answer.has("Access-Control-Allow-Origin: https://b.example"));
    CHECK(answer.has("Access-Control-Allow-Credentials: true"));
    CHECK(
        answer.has("Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, "
                   "If-None-Match, If-Range, Last-Event-ID, Range"));
    CHECK(answer.has("Vary: Origin"));
    const auto stranger = RawClient(listed.port).ask(preflight("https://evil.example"));
    CHECK(stranger.status == 204);
    CHECK(stranger.head.find("Access-Control") == std::string::npos);
    CHECK(stranger.has("Vary: Origin"));

    for (const auto& origins : {std::vector<std::string>{"*"}, {"https://app.example", "*"}}) {
        TestServer open(with_origins(origins));
        for (const auto& request :
             {preflight("https://app.example"), get("/items/1", "Origin: https://app.example\r\n")}) {
            const auto any = RawClient(open.port).ask(request);
            CHECK(any.has("Access-Control-Allow-Origin: *"));
            CHECK(any.head.find("Allow-Credentials") == std::string::npos);
            CHECK(any.head.find("Vary") == std::string::npos);
        }
    }
}

TEST_CASE("the date is in the form of RFC 9110") {
    CHECK(http_date(from_unix_seconds(784'111'777)) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(http_date(from_unix_seconds(951'782'400)) == "Tue, 29 Feb 2000 00:00:00 GMT");
}
