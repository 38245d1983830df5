#include "tools/cli/gateway.hpp"

#include <catch2/catch.hpp>

using lamda::cli::gateway_base;

TEST_CASE("LAMDA_API_URL: all forms of one address name the same gateway") {
    for (const char* text : {"http://127.0.0.1:8080", "http://127.0.0.1:8080/", "HTTP://127.0.0.1:8080",
                             "http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api/"}) {
        INFO(text);
        CHECK(gateway_base(text).value() == "http://127.0.0.1:8080");
    }
    CHECK(gateway_base("https://x.example/lamda/").value() == "https://x.example/lamda");
    for (const char* text :
         {"127.0.0.1:8080", "ftp://x", "http://", "http:///", "http://x?y=1", "http://x y", ""}) {
        INFO(text);
        CHECK(gateway_base(text).error().code == "invalid_url");
    }
}
