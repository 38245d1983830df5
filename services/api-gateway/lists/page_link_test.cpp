#include "services/api-gateway/lists/page_link.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::gateway;

namespace {

http::Request get(const std::string& path, const std::multimap<std::string, std::string>& query) {
    http::Request out;
    out.method = "GET";
    out.path = path;
    out.query = query;
    return out;
}

}  // namespace

TEST_CASE("the next page has the request's path and parameters, and the new cursor") {
    CHECK(next_page(get("/api/v1/jobs", {{"limit", "3"}, {"cursor", "old"}}), "new") ==
          "/api/v1/jobs?cursor=new&limit=3");
    CHECK(next_page(get("/api/jobs", {{"status", "paid,failed"}, {"status", "expired"}}), "c") ==
          "/api/jobs?cursor=c&status=paid,failed,expired");
}

TEST_CASE("no text of the client leaves its place: everything else is percent-encoded") {
    CHECK(next_page(get("/api/jobs", {{"docker_image", "a b>; rel=\"x\"&c=d,e"}}), "c") ==
          "/api/jobs?cursor=c&docker_image=a%20b%3E%3B%20rel%3D%22x%22%26c%3Dd,e");
    CHECK(next_page(get("/api/jobs", {{"docker_image", "\xC3\xA9\r\n%"}}), "c") ==
          "/api/jobs?cursor=c&docker_image=%C3%A9%0D%0A%25");
    CHECK(next_page(get("/api/nodes/%3e<>\"", {}), "c") == "/api/nodes/%3e%3C%3E%22?cursor=c");
}

TEST_CASE("the next page of a query by POST is the GET of the same list") {
    http::Request request;
    request.method = "POST";
    request.path = "/api/jobs/query";
    request.body = R"({"limit":2,"status":["paid","failed"],"cursor":"old","fields":["id"]})";
    CHECK(next_page(request, "new") == "/api/jobs?cursor=new&fields=id&limit=2&status=paid,failed");
}
