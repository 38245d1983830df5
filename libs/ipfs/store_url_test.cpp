#include "ipfs/store_url.hpp"

#include <catch2/catch.hpp>

using namespace lamda::ipfs;

TEST_CASE("a store's URL is accepted in its usual forms, and normalized") {
    for (const auto* end : {"", "/", "//", "/api/v0", "/api/v0/", "/api/v0//"}) {
        INFO(end);
        CHECK(parse_api_url(std::string("http://127.0.0.1:5001") + end).value() == "http://127.0.0.1:5001");
        CHECK(parse_api_url(std::string("https://u:p@host/node") + end).value() == "https://u:p@host/node");
    }
    for (const auto* end : {"", "/", "/ipfs", "/ipfs/"}) {
        INFO(end);
        CHECK(parse_gateway_url(std::string("https://ipfs.io") + end).value() == "https://ipfs.io");
    }
    CHECK(parse_gateway_url("http://[::1]:8080").value() == "http://[::1]:8080");
    CHECK(parse_gateway_url("http://my_store:8080/").ok());
}

TEST_CASE("a text that is no http URL is refused with the expected form, and not repeated") {
    for (const auto* text : {"",
                             "/ip4/127.0.0.1/tcp/5001",
                             "/dns/ipfs.io/tcp/443/https",
                             "localhost:5001",
                             "127.0.0.1:5001",
                             "ipfs.io",
                             "ftp://host",
                             "https://ipfs.io https://dweb.link",
                             " http://host",
                             "http://host\t",
                             "http://",
                             "http:///x",
                             "http://host:",
                             "http://host:0",
                             "http://host:65536",
                             "http://host:x",
                             "http://ho$t",
                             "http://[::1",
                             "http://[]",
                             "http://[host]:1",
                             "http://host?x=1",
                             "http://host/#x",
                             "http://secret:pass@"}) {
        INFO(text);
        for (const auto& url : {parse_api_url(text), parse_gateway_url(text)}) {
            REQUIRE_FALSE(url.ok());
            CHECK(url.error().code == "invalid_store_url");
            CHECK(url.error().message.find("secret") == std::string::npos);
        }
    }
}
