#include "http/server.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"

using namespace lamda;
using namespace lamda::http;
using nlohmann::json;

namespace {

/// Parses a problem document and checks that it is complete and matches its answer.
json problem_of(const RawAnswer& answer) {
    INFO(answer.head << answer.body);
    REQUIRE(answer.has("Content-Type: application/problem+json"));
    const json body = json::parse(answer.body);
    CHECK(body["status"] == answer.status);
    CHECK(body["type"] == "urn:lamda:error:" + body["code"].get<std::string>());
    CHECK_FALSE(body["title"].get<std::string>().empty());
    CHECK(answer.has("X-Request-Id: " + body["request_id"].get<std::string>()));
    return body;
}

}  // namespace

TEST_CASE("routes answer over one kept-alive connection") {
    TestServer server;
    RawClient client(server.port);
    for (int i = 0; i < 50; ++i) {
        const auto answer = client.ask(get("/items/n%20" + std::to_string(i)));
        REQUIRE(answer.status == 200);
        CHECK(answer.body == "{\"id\":\"n " + std::to_string(i) + "\"}");
        CHECK(answer.has("Connection: keep-alive"));
    }
}

TEST_CASE("HEAD has the head of GET and no body; Connection: close and HTTP/1.0 are respected") {
    TestServer server;
    RawClient client(server.port);
    client.send("HEAD /items/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(client.receive(true).has("Content-Length: 10"));
    CHECK(client.ask(get("/items/7")).body == R"({"id":"7"})");
    CHECK(client.ask(get("/items/8", "Connection: close\r\n")).has("Connection: close"));
    CHECK(client.closed_within(std::chrono::seconds(60)));

    RawClient old(server.port);
    CHECK(old.ask("GET /items/7 HTTP/1.0\r\n\r\n").status == 200);
    CHECK(old.closed_within(std::chrono::seconds(60)));
}

TEST_CASE("unknown paths, wrong methods and wrong media types are problems with a request id") {
    TestServer server;
    RawClient client(server.port);
    CHECK(problem_of(client.ask(get("/nothing")))["code"] == "unknown_path");
    const auto wrong = client.ask("DELETE /items/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(problem_of(wrong)["status"] == 405);
    CHECK(wrong.has("Allow: GET, HEAD, OPTIONS"));
    const auto form = client.ask(
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 3\r\n\r\na=b");
    CHECK(problem_of(form)["status"] == 415);
    CHECK(server.posts == 0);
    CHECK(client
              .ask("POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
                   "Content-Length: 3\r\n\r\n123")
              .status == 201);
}

TEST_CASE("a handler's problem is sent to the client, its exception is not") {
    TestServer server;
    RawClient client(server.port);
    const auto refused = problem_of(client.ask(get("/refuse")));
    CHECK(refused["status"] == 422);
    CHECK(refused["instance"] == "/refuse");
    CHECK(refused["errors"] == json::parse(R"([{"pointer":"/a","code":"bad","detail":"why"}])"));
    const auto broken = client.ask(get("/break"));
    CHECK(problem_of(broken)["code"] == "internal");
    CHECK((broken.head + broken.body).find("hunter2") == std::string::npos);
}

TEST_CASE("request ids are made by the server, one for each request; header values cannot split the head") {
    TestServer server;
    RawClient client(server.port);
    const auto first = client.ask(get("/split", "X-Request-Id: mine\r\n"));
    CHECK(first.has("X-Good: yes"));
    CHECK(first.head.find("Set-Cookie") == std::string::npos);
    CHECK(first.head.find("mine") == std::string::npos);
    const auto id_of = [](const RawAnswer& answer) {
        const std::size_t at = answer.head.find("X-Request-Id: ");
        return answer.head.substr(at + 14, 32);
    };
    CHECK(id_of(first) != id_of(client.ask(get("/split"))));
}

TEST_CASE("CORS: configured origins only; the preflight names the path's methods") {
    ServerConfig config = without_deadlines();
    config.cors_origins = {"https://app.example"};
    TestServer server(config);
    RawClient client(server.port);
    const auto preflight = client.ask(
        "OPTIONS /items/1 HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\n"
        "Access-Control-Request-Method: GET\r\n\r\n");
    CHECK(preflight.status == 204);
    CHECK(preflight.has("Access-Control-Allow-Origin: https://app.example"));
    CHECK(preflight.has("Access-Control-Allow-Methods: GET, HEAD, OPTIONS"));
    CHECK(preflight.has("Vary: Origin"));
    CHECK(client.ask(get("/items/1", "Origin: https://app.example\r\n"))
              .has("Access-Control-Allow-Origin: https://app.example"));
    for (const char* origin : {"https://evil.example", "https://app.example.evil.example", "null"}) {
        const auto other = client.ask(get("/items/1", std::string("Origin: ") + origin + "\r\n"));
        CHECK(other.status == 200);
        CHECK(other.head.find("Access-Control") == std::string::npos);
    }
    // The frontend must be able to read errors.
    CHECK(client.ask(get("/nothing", "Origin: https://app.example\r\n"))
              .has("Access-Control-Allow-Origin: https://app.example"));
}

TEST_CASE("OPTIONS: a preflight of an unknown path lets the page read the 404; * is the whole server") {
    ServerConfig config = without_deadlines();
    config.cors_origins = {"https://app.example"};
    TestServer server(config);
    RawClient client(server.port);
    const std::string origin = "Host: x\r\nOrigin: https://app.example\r\n";
    const auto preflight =
        client.ask("OPTIONS /nothing HTTP/1.1\r\n" + origin + "Access-Control-Request-Method: PUT\r\n\r\n");
    CHECK(preflight.status == 204);
    CHECK(preflight.has("Access-Control-Allow-Origin: https://app.example"));
    CHECK(preflight.has("Access-Control-Allow-Methods: GET, HEAD, OPTIONS, POST"));
    const auto plain = client.ask("OPTIONS /nothing HTTP/1.1\r\n" + origin + "\r\n");
    CHECK(problem_of(plain)["code"] == "unknown_path");
    CHECK(plain.has("Access-Control-Allow-Origin: https://app.example"));
    const auto whole = client.ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(whole.status == 204);
    CHECK(whole.has("Allow: GET, HEAD, OPTIONS, POST"));
    CHECK(client.ask("GET * HTTP/1.1\r\nHost: x\r\n\r\n").status == 404);
}

TEST_CASE("a refusal before routing is a problem document that the requesting page can read") {
    ServerConfig config = without_deadlines();
    config.cors_origins = {"https://app.example"};
    config.max_body = 1000;
    const TestServer server(config);
    // Only the requests that never arrive as a whole meet a short deadline.
    config.read_timeout_ms = 300;
    const TestServer impatient(config);
    const std::string head = " /items?a=b HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\n";
    struct Case {
        int status;
        std::string text;
    };
    const std::vector<Case> cases = {
        {413, "POST" + head + "Content-Length: 1001\r\n\r\n" + std::string(1001, ' ')},
        {413, "POST" + head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, ' ') + "\r\n"},
        {415, "POST" + head + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"},
        {431, "GET" + head + "Cookie: a=" + std::string(20'000, 'x') + "\r\n\r\n"},
        {400, "POST" + head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"},
        {400, "POST" + head + "X-A : b\r\n\r\n"},
        {400, "POST" + head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"},
        {501, "POST" + head + "Transfer-Encoding: gzip\r\n\r\n"},
        {408, "POST" + head + "Content-Length: 2\r\n\r\n{"},
        {408, "POST" + head + "Content-Le"},
    };
    for (const Case& one : cases) {
        INFO(one.text.substr(0, 200));
        const auto answer = one.status == 408 ? RawClient::ask_in_time(impatient.port, one.text)
                                              : RawClient(server.port).ask(one.text);
        CHECK(answer.status == one.status);
        CHECK(problem_of(answer)["instance"] == "/items");
        CHECK(answer.has("Access-Control-Allow-Origin: https://app.example"));
        CHECK(answer.has("Vary: Origin"));
        CHECK(answer.has(
            "Access-Control-Expose-Headers: Accept-Ranges, Allow, Content-Disposition, Content-Range, ETag, "
            "Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, "
            "WWW-Authenticate, X-Request-Id"));
        CHECK(answer.has("Access-Control-Allow-Credentials: true"));
        CHECK(answer.has("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"));
        CHECK(answer.has("X-Content-Type-Options: nosniff"));
    }
    // A target that cannot be decoded, and a foreign origin.
    const auto target = RawClient(server.port).ask(get("/items/%zz", "Origin: https://app.example\r\n"));
    CHECK(target.status == 400);
    CHECK(target.has("Access-Control-Allow-Origin: https://app.example"));
    const auto stranger = RawClient(server.port)
                              .ask(
                                  "POST /items HTTP/1.1\r\nHost: x\r\nOrigin: "
                                  "https://evil.example\r\nContent-Length: 1001\r\n\r\n");
    CHECK(stranger.status == 413);
    CHECK(stranger.head.find("Access-Control") == std::string::npos);
    const auto twice =
        RawClient(server.port)
            .ask("POST" + head + "Origin: https://app.example\r\nContent-Length: 1001\r\n\r\n");
    CHECK(twice.head.find("Access-Control") == std::string::npos);
}

TEST_CASE("a refused HEAD has no body, a 503 has Retry-After") {
    TestServer server;
    RawClient client(server.port);
    client.send("HEAD /items HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    const auto refused = client.receive(true);
    CHECK(refused.status == 400);
    CHECK(client.closed_within(std::chrono::seconds(60)));
    const Response away = to_response({503, "away", "", "it is away", {}}, Request{});
    REQUIRE(away.headers.size() == 1);
    CHECK(away.headers[0].first == "Retry-After");
}

TEST_CASE("the scheme of an absolute target is case-insensitive") {
    TestServer server;
    RawClient client(server.port);
    for (const char* target : {"http://x/items/1", "HTTP://x/items/1", "Https://x/items/1"}) {
        CHECK(client.ask(get(target)).status == 200);
    }
}

TEST_CASE("requests are counted by method, route and status, never by text of a client") {
    TestServer server;
    RawClient client(server.port);
    client.ask(get("/items/1"));
    client.ask(get("/items/2"));
    client.ask(get("/invented"));
    client.ask("BREW /invented HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string text = server.metrics.serialize();
    INFO(text);
    CHECK(text.find(R"(lamda_http_requests_total{method="GET",route="/items/{id}",status="200"} 2)") !=
          std::string::npos);
    CHECK(text.find(R"(lamda_http_requests_total{method="other",route="none",status="404"} 1)") !=
          std::string::npos);
    CHECK(text.find(R"(lamda_http_request_duration_seconds_count{method="GET",route="/items/{id}"} 2)") !=
          std::string::npos);
    CHECK(text.find("invented") == std::string::npos);
}

TEST_CASE("routes() lists the routes, and a port in use is reported by number") {
    TestServer server;
    CHECK(server.server.routes().at(1) == std::pair<std::string, std::string>{"POST", "/items"});
    telemetry::Metrics metrics;
    ServerConfig config;
    config.port = server.port;
    Server second(config, server.clock, telemetry::Log::none(), metrics);
    CHECK_THROWS_WITH(second.start(), Catch::Matchers::Contains(std::to_string(server.port)));
}
