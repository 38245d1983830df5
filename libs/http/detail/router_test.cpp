#include "http/detail/router.hpp"

#include <catch2/catch.hpp>

#include "http/detail/target.hpp"

using namespace lamda::http;

namespace {
Router::Match find(const Router& router, const std::string& method, const std::string& path) {
    return router.find(method, parse_target(path).value().segments);
}
}  // namespace

TEST_CASE("a pattern takes one decoded segment for each parameter") {
    Router router;
    router.add("GET", "/api/jobs/{id}/logs/{n}");
    const auto match = find(router, "GET", "/api/jobs/a%2Fb%20c/logs/7");
    REQUIRE(match.route == 0);
    CHECK(match.params == std::map<std::string, std::string>{{"id", "a/b c"}, {"n", "7"}});
    for (const char* path :
         {"/api/jobs//logs/7", "/api/jobs/a/logs", "/api/jobs/a/logs/7/", "/api/jobs/a/x/7", "/"}) {
        INFO(path);
        CHECK(find(router, "GET", path).allowed.empty());
    }
}

TEST_CASE("paths below an alias are served as those that it stands for") {
    Router router;
    router.add("GET", "/api/jobs/{id}");
    router.add("POST", "/api/jobs");
    router.alias("/api/v1", "/api");
    const auto match = find(router, "GET", "/api/v1/jobs/7");
    CHECK(match.route == 0);
    CHECK(match.params == std::map<std::string, std::string>{{"id", "7"}});
    CHECK(find(router, "POST", "/api/v1/jobs").route == 1);
    CHECK(find(router, "GET", "/api/v1/jobs").allowed == std::vector<std::string>{"OPTIONS", "POST"});
    for (const char* path :
         {"/api/v1", "/api/v1/", "/api/v1/v1/jobs", "/v1/jobs", "/api/v2/jobs", "/api/jobs/v1/7"}) {
        INFO(path);
        CHECK(find(router, "GET", path).allowed.empty());
    }
}

TEST_CASE("the literal pattern takes precedence over the parameter, for every method") {
    Router router;
    router.add("GET", "/jobs/{id}");
    router.add("POST", "/jobs/query");
    router.add("GET", "/jobs/mine");
    CHECK(find(router, "GET", "/jobs/mine").route == 2);
    CHECK(find(router, "HEAD", "/jobs/other").route == 0);
    CHECK(find(router, "POST", "/jobs/query").route == 1);
    const auto wrong = find(router, "DELETE", "/jobs/query");
    CHECK(wrong.route == -1);
    CHECK(wrong.allowed == std::vector<std::string>{"OPTIONS", "POST"});
    CHECK(find(router, "GET", "/jobs/query").route == -1);
    CHECK(find(router, "PUT", "/jobs/7").allowed == std::vector<std::string>{"GET", "HEAD", "OPTIONS"});
    CHECK(router.methods() == std::vector<std::string>{"GET", "HEAD", "OPTIONS", "POST"});
    CHECK_THROWS_AS(router.add("GET", "/jobs/mine"), std::invalid_argument);
}

TEST_CASE("targets are decoded strictly") {
    const auto good = parse_target("/a%20b/c+d?x=1&y=a+b%26&x=%E2%82%AC&flag&=").value();
    CHECK(good.segments == std::vector<std::string>{"a b", "c+d"});
    CHECK(good.query.count("x") == 2);
    CHECK(good.query.find("y")->second == "a b&");
    CHECK(good.query.find("flag")->second.empty());
    CHECK(parse_target("http://host:1/p?q=1").value().path == "/p");
    CHECK(parse_target("http://host").value().path == "/");
    for (const char* bad : {"/%", "/%4", "/%zz", "/%00", "/%ff", "/%C0%80", "/%0d%0a", "x"}) {
        INFO(bad);
        CHECK(parse_target(bad).error().code == "invalid_path");
    }
    for (const char* bad : {"/?a=%", "/?%zz=1", "/?a=%00", "/?a=%ff"}) {
        INFO(bad);
        CHECK(parse_target(bad).error().code == "invalid_query");
    }
}
