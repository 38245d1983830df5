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
        auto request = by_body ? request_of_body(body) : ListRequest{std::move(query), "?"};
        request.shaped = true;
        (void)list_query(resource, request);
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
    CHECK(refused(kJobs, "POST", R"({"chain_state":["paid"],"limit":["1"],"docker_image":["a"]})") ==
          Names{"/chain_state", "/docker_image", "/limit"});
    CHECK(refused(kJobs, "POST", R"({"status":{},"sort":[1],"cursor":null})") ==
          Names{"/cursor", "/sort", "/status"});
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
    CHECK(query.count_sql.empty());
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

TEST_CASE("A status may have several values, separated by commas in a query and as an array in a body") {
    CHECK(refused(kJobs, "GET", "", {{"status", "paid,failed"}}) == Names{"accepted"});
    CHECK(refused(kJobs, "POST", R"({"status":["paid","failed"]})") == Names{"accepted"});
    CHECK(refused(kJobs, "POST", R"({"status":"paid"})") == Names{"accepted"});
    CHECK(refused(kJobs, "GET", "", {{"status", "paid,lost"}}) == Names{"?status"});
    CHECK(refused(kJobs, "GET", "", {{"status", "paid,paid"}}) == Names{"?status"});
    CHECK(refused(kJobs, "GET", "", {{"status", "paid,"}}) == Names{"?status"});
    CHECK(refused(kJobs, "GET", "", {{"status", "paid"}, {"status", "failed,expired"}}) == Names{"accepted"});
    CHECK(refused(kJobs, "GET", "", {{"status", "paid"}, {"status", "paid"}}) == Names{"?status"});
    CHECK(refused(kJobs, "POST", R"({"status":[]})") == Names{"/status"});
    CHECK(refused(kJobs, "POST", R"({"status":["paid","lost","gone"]})") == Names{"/status/1", "/status/2"});
    INFO("a string of a body is one value");
    CHECK(refused(kJobs, "POST", R"({"status":"paid,failed"})") == Names{"/status"});
}

TEST_CASE("The CID of a spec is that of a raw block, in any form") {
    const std::string cid = "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea";
    const auto query = list_query(kJobs, {{{"spec_cid", cid}}, "?"});
    CHECK(query.params.at(0).text() == "\\xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220");
    CHECK(refused(kJobs, "GET", "", {{"spec_cid", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"}}) ==
          Names{"?spec_cid"});
    CHECK(refused(kJobs, "GET", "", {{"spec_cid", "x"}}) == Names{"?spec_cid"});
}

TEST_CASE("A cursor belongs to one order of its list") {
    const std::vector<std::string> place = {"1", "2", "\\x00"};
    auto named = place;
    named.insert(named.begin(), "created_at");
    const auto with = [&](const std::string& sort, const std::vector<std::string>& cursor) {
        return refused(kJobs, "GET", "", {{"sort", sort}, {"cursor", encode_cursor(cursor)}});
    };
    CHECK(with("-created_at", place) == Names{"accepted"});
    CHECK(with("created_at", named) == Names{"accepted"});
    CHECK(with("created_at", place) == Names{"?cursor"});
    CHECK(with("-created_at", named) == Names{"?cursor"});
    const auto of_nodes = [&](const std::string& sort, const std::vector<std::string>& cursor) {
        return refused(kNodes, "GET", "", {{"sort", sort}, {"cursor", encode_cursor(cursor)}});
    };
    CHECK(of_nodes("-reputation_score", {"-reputation_score", "7", "\\x00"}) == Names{"accepted"});
    CHECK(of_nodes("reputation_score", {"-reputation_score", "7", "\\x00"}) == Names{"?cursor"});
    CHECK(of_nodes("-reputation_score", {"-reputation_score", "-7", "\\x00"}) == Names{"?cursor"});
    CHECK(refused(kJobs, "GET", "", {{"sort", "payment_amount"}}) == Names{"?sort"});
    CHECK(refused(kNodes, "GET", "", {{"sort", "last_seen"}}) == Names{"?sort"});
}

TEST_CASE("Only the chosen fields are read; unknown ones are named") {
    ListRequest request{{{"fields", "status,id"}, {"min_payment_amount", "5"}}, "?"};
    request.shaped = true;
    const auto query = list_query(kJobs, request);
    CHECK(query.sparse);
    CHECK(query.sql.find("SELECT id, status, block_num, log_index, payment_amount,") != std::string::npos);
    CHECK(query.sql.find("docker_image") == std::string::npos);
    CHECK(query.sql.find("octet_length") == std::string::npos);
    CHECK(refused(kJobs, "GET", "", {{"fields", "id,spec,id"}}) == Names{"?fields", "?fields"});
    CHECK(refused(kJobs, "POST", R"({"fields":["id","spec"]})") == Names{"/fields/1"});
    CHECK(refused(kJobs, "POST", R"({"fields":[]})") == Names{"/fields"});
    CHECK(refused(kJobs, "GET", "", {{"fields", ""}}) == Names{"?fields"});
    CHECK(refused(kJobs, "GET", "", {{"count", "yes"}}) == Names{"?count"});
}

TEST_CASE("Filters of the path cannot be sent, and a list without fields and count refuses both") {
    ListRequest request{{{"status", "paid"}}, "?"};
    request.fixed = {{"renter_address", "0x1111111111111111111111111111111111111111"}};
    const auto query = list_query(kJobs, request);
    CHECK(query.sql.find("renter_address = $1::bytea") != std::string::npos);
    request.values = {{"renter_address", "0x2222222222222222222222222222222222222222"}, {"count", "true"}};
    try {
        (void)list_query(kJobs, request);
        FAIL("accepted");
    } catch (const problem::Problem& problem) {
        REQUIRE(problem.errors.size() == 2);
        CHECK(problem.errors[0].pointer == "?count");
        CHECK(problem.errors[1].pointer == "?renter_address");
        CHECK(problem.errors[0].detail.find("fields") == std::string::npos);
    }
}
