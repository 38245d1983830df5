#include "services/api-gateway/access/origin.hpp"

#include <catch2/catch.hpp>

using lamda::gateway::parse_origin;

TEST_CASE("An origin is normalised to a browser's form") {
    CHECK(parse_origin("https://app.example.org").value() == "https://app.example.org");
    CHECK(parse_origin("https://App.Example.org/").value() == "https://app.example.org");
    CHECK(parse_origin("https://app.example.org:443").value() == "https://app.example.org");
    CHECK(parse_origin("http://localhost:80").value() == "http://localhost");
    CHECK(parse_origin("http://localhost:443").value() == "http://localhost:443");
    CHECK(parse_origin("http://127.0.0.1:5173").value() == "http://127.0.0.1:5173");
    CHECK(parse_origin("http://[::1]:3000").value() == "http://[::1]:3000");
    CHECK(parse_origin("chrome-extension://abcdefghijklmnopabcdefghijklmnop").ok());
    CHECK(parse_origin("capacitor://localhost").value() == "capacitor://localhost");
    CHECK(parse_origin("*").value() == "*");
}

TEST_CASE("An origin that no browser sends is refused") {
    for (const char* text :
         {"https://app.example.org/dashboard", "app.example.org", "\"https://app.example.org\"",
          "https://a.example.org https://app.example.org", "https://*.example.org", "https://", "null", "",
          "https://app.example.org:0", "https://app.example.org:99999", "https://app.example.org:", "ftp://x",
          "https://user@app.example.org", "https://app.example.org?x=1", "https://münchen.example"}) {
        INFO(text);
        CHECK_FALSE(parse_origin(text));
    }
}
