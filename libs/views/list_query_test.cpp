#include "views/resources.hpp"

#include <catch2/catch.hpp>

#include "views/body.hpp"
#include "views/cursor.hpp"

using namespace lamda;
using namespace lamda::views;

namespace {

std::vector<std::string> refused(const Resource& resource, const std::string& method, const std::string& body,
                                 std::multimap<std::string, std::string> query = {}) {
    try {
        const bool by_body = method == "POST";
        (void)list_query(resource,
                         by_body ? ListRequest{scalars_of(body), "/"} : ListRequest{std::move(query), "?"});
    } catch (const problem::Problem& problem) {
        CHECK(problem.status == 400);
        std::vector<std::string> out;
        for (const auto& error : problem.errors) {
            out.push_back(error.pointer);
        }
        return out;
    }
    return {"accepted"};
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Every wrong part of a query is named at once") {
    CHECK(refused(kJobs, "GET", "",
                  {{"colour", "red"}, {"limit", "0"}, {"status", "lost"}, {"renter_address", "0x1"}}) ==
          Names{"?colour", "?limit", "?renter_address", "?status"});
    CHECK(refused(kJobs, "POST", R"({"colour":"red","min_payment_amount":"-1","limit":1001})") ==
          Names{"/colour", "/limit", "/min_payment_amount"});
    CHECK(refused(kNodes, "POST", R"({"is_online":"maybe","min_vram":"x"})") ==
          Names{"/is_online", "/min_vram"});
    CHECK(refused(kNodes, "GET", "", {{"limit", "1"}, {"limit", "2"}}) == Names{"?limit"});
    CHECK(refused(kJobs, "POST", R"({"status":["paid"]})") == Names{"/status"});
    CHECK(refused(kJobs, "POST", R"({"a/b":"x"})") == Names{"/a~1b"});
    CHECK(refused(kNodes, "POST", R"({"gpu_model":"A\u0000"})") != Names{"accepted"});
    for (const char* body : {"{not json", "[]", "1", R"({"limit":1,"limit":2})", "{\"limit\":1.5}"}) {
        INFO(body);
        CHECK(refused(kJobs, "POST", body) != Names{"accepted"});
    }
}

TEST_CASE("A cursor of another list and an invented cursor are refused") {
    for (const std::string& cursor :
         {std::string("garbage"), encode_cursor({"1", "2"}), encode_cursor({"1", "x", "\\x00"}),
          encode_cursor({"1", "2", "'; DROP"}), encode_cursor({"99999999999999999999", "2", "\\x00"}),
          encode_cursor({"1", "99999999999", "\\x00"})}) {
        INFO(cursor);
        CHECK(refused(kJobs, "GET", "", {{"cursor", cursor}}) == Names{"?cursor"});
    }
    CHECK(refused(kJobs, "GET", "", {{"cursor", encode_cursor({"1", "2", "\\x00"})}}) == Names{"accepted"});
}

TEST_CASE("Values are bound, never part of the SQL") {
    const ListRequest request{{{"docker_image", "x'; DROP TABLE job; --"}, {"min_payment_amount", "5"}}, "?"};
    const auto query = list_query(kJobs, request);
    CHECK(query.sql.find("DROP") == std::string::npos);
    CHECK(query.params.size() == 2);
    CHECK(query.sql.find("docker_image = $1::text AND payment_amount >= $2::numeric") != std::string::npos);
    CHECK(query.sql.find("ORDER BY block_num DESC, log_index DESC, id DESC LIMIT 101") != std::string::npos);
}

TEST_CASE("Bounds that the database cannot hold are refused by name") {
    for (const char* time :
         {"0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"}) {
        for (const char* name : {"min_created_at", "max_created_at", "min_updated_at", "max_updated_at"}) {
            CAPTURE(time, name);
            CHECK(refused(kJobs, "GET", "", {{name, time}}) == Names{std::string("?") + name});
        }
    }
    for (const char* time : {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
        CHECK(refused(kJobs, "GET", "", {{"min_created_at", time}}) == Names{"accepted"});
    }
    const std::string beyond = to_decimal(~U256(0)) + "0";
    CHECK(refused(kNodes, "GET", "", {{"min_vram", beyond}}) == Names{"?min_vram"});
}
