#include "problem/problem.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::problem;

TEST_CASE("a problem document has the members of RFC 9457, the code and the request") {
    CHECK(
        to_json({404, "unknown_job", "", "no job has this id", {}}, "/api/jobs/0x1", "abc") ==
        R"({"type":"urn:lamda:error:unknown_job","title":"Not Found","status":404,)"
        R"("detail":"no job has this id","instance":"/api/jobs/0x1","code":"unknown_job","request_id":"abc"})");
}

TEST_CASE("a problem document on the bus has no instance and no request id") {
    const Problem refused{400, "invalid_request", "Wrong", "see errors", {{"/a", "bad", "why"}}};
    CHECK(to_json(refused) ==
          R"({"type":"urn:lamda:error:invalid_request","title":"Wrong","status":400,"detail":"see errors",)"
          R"("instance":"","code":"invalid_request","request_id":"","errors":[{"pointer":"/a","code":"bad",)"
          R"("detail":"why"}]})");
}

TEST_CASE("a client's text that is not UTF-8 leaves the document valid") {
    CHECK(to_json({400, "a", "", "", {}}, "/\xFF").find("\"/\xEF\xBF\xBD\"") != std::string::npos);
}

TEST_CASE("a refused input is named with its place") {
    const auto refused = invalid({"invalid_type", "must be a number", "/b"}, "/a");
    CHECK(refused.status == 400);
    CHECK(refused.code == "invalid_request");
    CHECK(refused.detail == "must be a number");
    CHECK(refused.errors == std::vector<FieldError>{{"/a/b", "invalid_type", "must be a number"}});
}
