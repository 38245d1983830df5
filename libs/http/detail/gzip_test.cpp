#include "http/detail/gzip.hpp"

#include <catch2/catch.hpp>

#include "http/detail/field_list.hpp"
#include "http/testing/gunzip.hpp"

using namespace lamda;
using namespace lamda::http;

TEST_CASE("gzip is used only where Accept-Encoding allows it and does not prefer identity") {
    for (const char* accepted :
         {"gzip", "GZIP", "x-gzip", "br, gzip", "gzip;q=0.5", "gzip ; q=0.001", "*", "deflate, *;q=0.3",
          "identity;q=0.5, gzip;q=0.5", "gzip;q=1.000", "br;q=x, gzip", ",gzip,"}) {
        INFO(accepted);
        CHECK(prefers_gzip(accepted));
    }
    for (const char* refused :
         {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "*, gzip;q=0", "*;q=0",
          "gzip;q=0.4, identity;q=0.5", "gzip;q=2", "gzip;q=1.001", "gzip;q=", "gzip;q=.5", "gzip;q=0.5555",
          "gzip;q=0.x", "gzip;x=1", "\"gzip\"", "gzipped", "identity, gzip;q=0.9"}) {
        INFO(refused);
        CHECK_FALSE(prefers_gzip(refused));
    }
}

TEST_CASE("text formats are compressible, others not") {
    for (const char* type : {"application/json", "application/problem+json", "text/html; charset=utf-8",
                             "Application/JSON ; charset=utf-8", "image/svg+xml"}) {
        CHECK(is_compressible(type));
    }
    for (const char* type : {"application/octet-stream", "image/png", "application/gzip", "", "json"}) {
        CHECK_FALSE(is_compressible(type));
    }
}

TEST_CASE("a compressed body is the body again when it is decompressed") {
    std::string body;
    for (int i = 0; i < 5'000; ++i) {
        body += "{\"id\":" + std::to_string(i * 7'919) + "},";
    }
    const auto compressed = gzip(body, nullptr);
    REQUIRE(compressed);
    CHECK(compressed->size() < body.size() / 2);
    CHECK(gunzip(*compressed) == body);
}

TEST_CASE("a body that compression does not shorten, or that the budget has no room for, stays as it is") {
    std::string noise;
    std::uint32_t state = 1;
    for (int i = 0; i < 4'000; ++i) {
        state = state * 1'664'525U + 1'013'904'223U;
        noise += static_cast<char>(state >> 24U);
    }
    CHECK_FALSE(gzip(noise, nullptr));
    CHECK_FALSE(gzip("", nullptr));

    const std::string body(100'000, 'x');
    MemoryBudget small(300'000);
    CHECK_FALSE(gzip(body, &small));
    CHECK(small.used() == 0);
    MemoryBudget enough(400'000);
    CHECK(gunzip(gzip(body, &enough).value_or("")) == body);
    CHECK(enough.used() == 0);
    CHECK(enough.peak() > body.size());
}

TEST_CASE("a list in a header has the items between its commas; quoted commas separate nothing") {
    CHECK(list_items(" a, b\t,,\"c,d\" ,") == std::vector<std::string_view>{"a", "b", "\"c,d\""});
    CHECK(list_items("").empty());
    CHECK(list_items(" , ").empty());
}
