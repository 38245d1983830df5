#include "ipfs/detail/redirect.hpp"

#include <catch2/catch.hpp>

#include "crypto/digest.hpp"
#include "ipfs/content_store.hpp"
#include "ipfs/testing/answering_server.hpp"
#include "net/http_client.hpp"

using namespace lamda;
using namespace lamda::ipfs;

TEST_CASE("a Location is resolved against the requested URL, and is followed to http or https only") {
    const std::string base = "https://gw.example:8443/ipfs/bafy?format=raw";
    const auto to = [&](const std::string& location) {
        return resolve_location(base, location).value_or("refused");
    };
    CHECK(to("http://bafy.ipfs.gw.example/") == "http://bafy.ipfs.gw.example/");
    CHECK(to("HTTPS://other.example/x#part") == "https://other.example/x");
    CHECK(to("//other.example/x?y") == "https://other.example/x?y");
    CHECK(to("/api/v0/x") == "https://gw.example:8443/api/v0/x");
    CHECK(to("other?format=raw") == "https://gw.example:8443/ipfs/other?format=raw");
    CHECK(to("?format=car") == "https://gw.example:8443/ipfs/bafy?format=car");
    CHECK(resolve_location("http://gw.example", "x") == "http://gw.example/x");
    CHECK(resolve_location("http://gw.example?q", "/x") == "http://gw.example/x");
    for (const auto& location :
         {std::string("ftp://gw.example/x"), std::string("file:///etc/passwd"), std::string("javascript:1"),
          std::string(""), std::string("#only"), std::string("http://a b/"), std::string("/x\r\nHost: y"),
          std::string("/x\0y", 4), "/" + std::string(10'000, 'x')}) {
        INFO(location);
        CHECK(to(location) == "refused");
    }
}

TEST_CASE("a limited number of redirects is followed, and the result is verified") {
    net::HttpClient http;
    const Cid cid(CidCodec::kRaw, crypto::sha256(as_bytes("hello lamda\n")));
    AnsweringServer honest([&](const auto& request) -> AnsweringServer::Answer {
        return {request.has("GET /ipfs/" + cid.to_string() + "?format=raw ") ? 200 : 404, "hello lamda\n"};
    });
    AnsweringServer liar([](const auto&) -> AnsweringServer::Answer { return {200, "hello lamdb\n"}; });
    const auto through = [&](int status, const std::string& location) {
        AnsweringServer gateway(
            [&](const auto&) -> AnsweringServer::Answer { return {status, "moved", location}; });
        return as_string(ContentStore({.api_url = "", .gateways = {gateway.url()}}, http).block(cid));
    };
    const auto target = honest.url() + "/ipfs/" + cid.to_string() + "?format=raw";
    for (const int status : {301, 302, 303, 307, 308}) {
        INFO(status);
        CHECK(through(status, target) == "hello lamda\n");
    }
    CHECK_THROWS_AS(through(301, liar.url() + "/x"), WrongBytes);
    CHECK_THROWS_AS(through(301, ""), Unavailable);
    CHECK_THROWS_AS(through(301, "file:///etc/passwd"), Unavailable);
    CHECK_THROWS_AS(through(301, "ftp://127.0.0.1/x"), Unavailable);
    CHECK_THROWS_AS(through(300, target), Unavailable);

    SECTION("to a subdomain of the gateway, as boxo does") {
        std::string host;
        AnsweringServer gateway([&](const auto& request) -> AnsweringServer::Answer {
            if (request.has("Host: " + cid.to_string() + ".ipfs.localhost")) {
                return {200, "hello lamda\n"};
            }
            return {301, "", "http://" + cid.to_string() + ".ipfs.localhost:" + host + "/?format=raw"};
        });
        host = gateway.url().substr(gateway.url().rfind(':') + 1);
        ContentStore store({.api_url = "", .gateways = {"http://localhost:" + host}}, http);
        CHECK(as_string(store.block(cid)) == "hello lamda\n");
    }
    SECTION("the API's keep their method") {
        AnsweringServer api([&](const auto& request) -> AnsweringServer::Answer {
            if (request.has("POST /moved/api/v0/block/get?arg=" + cid.to_string() + " ")) {
                return {200, "hello lamda\n"};
            }
            return {301, "", "/moved/api/v0/block/get?arg=" + cid.to_string()};
        });
        ContentStore store({.api_url = api.url(), .gateways = {}}, http);
        CHECK(as_string(store.block(cid)) == "hello lamda\n");
    }
    SECTION("a redirect loop ends, and the next source is tried") {
        std::string self;
        AnsweringServer circle(
            [&](const auto&) -> AnsweringServer::Answer { return {302, "", self + "/again"}; });
        self = circle.url();
        ContentStore store({.api_url = "", .gateways = {self, honest.url()}}, http);
        CHECK(as_string(store.block(cid)) == "hello lamda\n");
        CHECK(circle.requests() == 1 + kMostRedirects);
    }
}

TEST_CASE("the readiness check calls the store for outputs") {
    net::HttpClient http;
    int status = 200;
    AnsweringServer api([&](const auto& request) -> AnsweringServer::Answer {
        return {request.has("POST /api/v0/version ") ? status : 301, "{}"};
    });
    for (const auto* end : {"", "/", "/api/v0", "/api/v0/"}) {
        CHECK_NOTHROW(ContentStore({.api_url = api.url() + end, .gateways = {}}, http).check());
    }
    status = 500;
    CHECK_THROWS_AS(ContentStore({.api_url = api.url(), .gateways = {}}, http).check(), Unavailable);
}
