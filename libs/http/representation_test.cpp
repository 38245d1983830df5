// Tests of ETag, 304, Cache-Control and gzip, over a socket.
#include <catch2/catch.hpp>

#include "http/detail/representation.hpp"
#include "http/feed.hpp"
#include "http/testing/gunzip.hpp"
#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::http;

namespace {

std::string header(const RawAnswer& answer, const std::string& name) {
    const auto at = answer.head.find("\r\n" + name + ": ");
    if (at == std::string::npos) {
        return "";
    }
    const auto from = at + name.size() + 4;
    return answer.head.substr(from, answer.head.find("\r\n", from) - from);
}

const std::string kLong = "[" + std::string(20'000, ' ') + "]";

struct Scene {
    explicit Scene(bool on = true) : server(config(on), clock, telemetry::Log::none(), metrics) {
        server.route("GET", "/value",
                     [this](const Request&) { return Response{200, "application/json", value, {}}; });
        server.route("POST", "/value/query",
                     [this](const Request&) { return Response{200, "application/json", value, {}}; });
        server.route("GET", "/own", [](const Request&) {
            return Response{200, "application/octet-stream", kLong, {{"ETag", "\"of the handler\""}}};
        });
        server.route("GET", "/secret", [](const Request&) {
            return Response{200, "application/json", kLong, {{"Cache-Control", "no-store"}}};
        });
        server.route("GET", "/missing", [](const Request&) -> Response {
            throw problem::Problem{404, "not_found", "", kLong, {}};
        });
        server.route("GET", "/feed", [](const Request&) {
            Response out{200, "application/json", "", {}};
            out.feed = std::make_shared<Feed>();
            out.feed->write("{}");
            out.feed->end();
            return out;
        });
        port = server.start();
        client = std::make_unique<RawClient>(port);
    }
    ServerConfig config(bool on) {
        ServerConfig out = without_deadlines();
        out.validators = on;
        out.compression = on;
        out.memory = &memory;
        out.cors_origins = {"https://app.example"};
        return out;
    }
    RawAnswer get(const std::string& path, const std::string& more = "") const {
        return client->ask(http::get(path, more));
    }
    RawAnswer head(const std::string& path, const std::string& more = "") const {
        client->send("HEAD " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n");
        return client->receive(true);
    }

    MemoryBudget memory{64U << 20};
    std::string value = R"({"a":1})";
    SystemClock clock;
    telemetry::Metrics metrics;
    Server server;
    int port = 0;
    std::unique_ptr<RawClient> client;
};

}  // namespace

TEST_CASE("an unchanged answer is 304 without a body, a changed one is sent with another tag") {
    Scene scene;
    const auto first = scene.get("/value");
    const std::string tag = header(first, "ETag");
    REQUIRE(tag.starts_with("W/\""));
    CHECK(header(first, "Cache-Control") == "no-cache");

    const auto again = scene.get("/value", "If-None-Match: " + tag + "\r\nOrigin: https://app.example\r\n");
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(header(again, "Content-Type").empty());
    CHECK(header(again, "Content-Length").empty());
    INFO("the headers that a 200 would have, so that a cache can update its copy");
    CHECK(header(again, "ETag") == tag);
    CHECK(header(again, "Cache-Control") == "no-cache");
    CHECK(header(again, "Vary") == "Origin, Accept-Encoding");
    CHECK(header(again, "Access-Control-Allow-Origin") == "https://app.example");

    scene.value = R"({"a":2})";
    const auto changed = scene.get("/value", "If-None-Match: " + tag + "\r\n");
    CHECK(changed.status == 200);
    CHECK(changed.body == scene.value);
    CHECK(header(changed, "ETag") != tag);
    INFO("the connection is still in step");
    CHECK(scene.get("/value").body == scene.value);
}

TEST_CASE("If-None-Match: lists, weak comparison and *") {
    const std::string tag = "W/\"abc\"";
    for (const char* named : {"W/\"abc\"", "\"abc\"", "\"x\", W/\"abc\"", "\"x,y\" , \"abc\"", "*", " * "}) {
        INFO(named);
        CHECK(names_tag(named, tag));
    }
    for (const char* other : {"", "\"x\"", "abc", "W/abc", "\"abc", "\"a,W/\"abc\"", "\"*\"", "w/\"abc\""}) {
        INFO(other);
        CHECK_FALSE(names_tag(other, tag));
    }
    CHECK(names_tag("W/\"abc\"", "\"abc\""));
}

TEST_CASE("HEAD has the tag and the conditions of GET; other methods and statuses have no tag") {
    Scene scene;
    const std::string tag = header(scene.get("/value"), "ETag");
    const auto head = scene.head("/value");
    CHECK(header(head, "ETag") == tag);
    CHECK(header(head, "Content-Length") == "7");
    CHECK(scene.head("/value", "If-None-Match: " + tag + "\r\n").status == 304);

    const auto query = scene.client->ask("POST /value/query HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n");
    CHECK(query.status == 200);
    CHECK(header(query, "ETag").empty());
    CHECK(header(query, "Cache-Control") == "no-store");
    for (const char* path : {"/missing", "/none", "/%"}) {
        const auto refused = scene.get(path, "If-None-Match: *\r\n");
        CHECK(refused.status >= 400);
        CHECK(header(refused, "ETag").empty());
        CHECK(header(refused, "Cache-Control") == "no-store");
    }
    INFO("also a refusal before routing");
    CHECK(header(RawClient(scene.port).ask("GET / HTTP/1.1\r\n\r\n"), "Cache-Control") == "no-store");
}

TEST_CASE("a handler's own tag is compared; what it forbids to store has neither tag nor compression") {
    Scene scene;
    CHECK(scene.get("/own").body == kLong);
    CHECK(header(scene.get("/own"), "ETag") == "\"of the handler\"");
    CHECK(scene.get("/own", "If-None-Match: \"of the handler\"\r\n").status == 304);
    const auto secret = scene.get("/secret", "If-None-Match: *\r\nAccept-Encoding: gzip\r\n");
    CHECK(secret.status == 200);
    CHECK(secret.body == kLong);
    CHECK(header(secret, "ETag").empty());
    CHECK(header(secret, "Cache-Control") == "no-store");
}

TEST_CASE("an answer to a request with credentials is for its client's cache only") {
    Scene scene;
    for (const char* credentials : {"Authorization: Bearer x\r\n", "Cookie: session=x\r\n"}) {
        INFO(credentials);
        CHECK(header(scene.get("/value", credentials), "Cache-Control") == "private, no-cache");
    }
}

TEST_CASE("gzip: long texts for clients that accept it, under the same weak tag; HEAD has the same length") {
    Scene scene;
    scene.value = kLong;
    const auto plain = scene.get("/value");
    CHECK(plain.body == kLong);
    CHECK(header(plain, "Content-Encoding").empty());
    CHECK(header(plain, "Vary") == "Origin, Accept-Encoding");

    const auto zipped = scene.get("/value", "Accept-Encoding: gzip, br\r\n");
    CHECK(header(zipped, "Content-Encoding") == "gzip");
    CHECK(header(zipped, "Vary") == "Origin, Accept-Encoding");
    CHECK(zipped.body.size() < 1'000);
    CHECK(gunzip(zipped.body) == kLong);
    CHECK(header(zipped, "ETag") == header(plain, "ETag"));
    CHECK(header(scene.head("/value", "Accept-Encoding: gzip\r\n"), "Content-Length") ==
          header(zipped, "Content-Length"));
    const std::string condition = "If-None-Match: " + header(zipped, "ETag") + "\r\n";
    CHECK(scene.get("/value", "Accept-Encoding: gzip\r\n" + condition).status == 304);
    CHECK(scene.get("/value", condition).status == 304);

    const auto query =
        scene.client->ask("POST /value/query HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
    CHECK(gunzip(query.body) == kLong);
    CHECK(testkit::wait_until([&] { return scene.memory.used() == 0; }));
}

TEST_CASE("gzip is not used for short, binary, refused or live answers, nor for a request with a cookie") {
    Scene scene;
    const std::string accept = "Accept-Encoding: gzip\r\n";
    CHECK(header(scene.get("/value", accept), "Content-Encoding").empty());
    scene.value = kLong;
    CHECK(scene.get("/value", accept + "Cookie: session=x\r\n").body == kLong);
    CHECK(scene.get("/value", "Accept-Encoding: gzip;q=0\r\n").body == kLong);
    CHECK(header(scene.get("/own", accept), "Content-Encoding").empty());
    CHECK(header(scene.get("/missing", accept), "Content-Encoding").empty());
    INFO("a client cannot set the header under which the server keeps Accept-Encoding");
    CHECK(RawClient(scene.port).ask(http::get("/value", ":accept-encoding: gzip\r\n")).status == 400);
    const auto feed = scene.get("/feed", accept);
    CHECK(header(feed, "Content-Encoding").empty());
    CHECK(header(feed, "ETag").empty());
    CHECK(header(feed, "Connection") == "close");
}

TEST_CASE("an answer is sent uncompressed while the memory budget is used up") {
    Scene scene;
    scene.value = kLong;
    const auto others = scene.memory.take(scene.memory.most() - 100'000);
    CHECK(scene.get("/value", "Accept-Encoding: gzip\r\n").body == kLong);
}

TEST_CASE("a server without these settings adds no tag, no caching rule and no compression") {
    Scene scene(false);
    scene.value = kLong;
    const auto answer = scene.get("/value", "Accept-Encoding: gzip\r\nIf-None-Match: *\r\n");
    CHECK(answer.status == 200);
    CHECK(answer.body == kLong);
    CHECK(header(answer, "ETag").empty());
    CHECK(header(answer, "Cache-Control").empty());
    CHECK(header(answer, "Vary") == "Origin");
}
