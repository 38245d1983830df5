// Tests of orders, chosen fields, counts and links of the lists, on a real PostgreSQL with the gateway's
// role.
#include <catch2/catch.hpp>

#include "services/api-gateway/testing/documented_api.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

std::string link_of(const Answer& answer) {
    return answer.raw.header("Link").value_or("");
}

/// Follows the header Link from page to page. Returns the members `key` of all items.
std::vector<std::string> follow(Gateway& gateway, Answer page, const std::string& key) {
    std::vector<std::string> out;
    while (true) {
        INFO(page.raw.body);
        REQUIRE(page.status == 200);
        for (const auto& item : page.body["items"]) {
            out.push_back(item[key]);
        }
        const auto link = link_of(page);
        CHECK(link.empty() == page.body["next_cursor"].is_null());
        if (link.empty()) {
            return out;
        }
        REQUIRE(link.starts_with("<"));
        REQUIRE(link.ends_with(">; rel=\"next\""));
        page = gateway.get(link.substr(1, link.find('>') - 1));
    }
}

void set_count(Gateway& gateway, unsigned node, int count) {
    Address address;
    address.array()[19] = static_cast<std::uint8_t>(node);
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec("UPDATE registry.node SET job_count = $2 WHERE provider = $1", {address, count});
    });
}

}  // namespace

TEST_CASE("Link leads through a list in the chosen order, for GET and POST, below the path of the request") {
    Gateway gateway;
    for (unsigned n = 1; n <= 7; ++n) {
        gateway.add_job(n, n % 2 == 0 ? "paid" : "failed");
    }
    const auto newest_first = follow(gateway, gateway.get("/api/v1/jobs?limit=2"), "id");
    REQUIRE(newest_first.size() == 7);
    CHECK(newest_first.front() == id_of(7));
    CHECK(link_of(gateway.get("/api/v1/jobs?limit=2")).starts_with("</api/v1/jobs?"));
    auto oldest_first = newest_first;
    std::reverse(oldest_first.begin(), oldest_first.end());
    CHECK(follow(gateway, gateway.get("/api/jobs?limit=3&sort=created_at"), "id") == oldest_first);
    const auto body = R"({"limit":1,"status":["paid","failed"],"sort":"created_at","renter_address":")" +
                      kRenter.hex() + "\"}";
    CHECK(follow(gateway, gateway.send("POST", "/api/jobs/query", body), "id") == oldest_first);
    CHECK(link_of(gateway.get("/api/jobs?limit=7")).empty());
}

TEST_CASE("nodes in the order of their count, each once, also those with the same count") {
    Gateway gateway;
    for (unsigned n = 1; n <= 6; ++n) {
        gateway.add_node(n, "1");
        set_count(gateway, n, static_cast<int>(n % 3));
    }
    const auto counts = [&](const std::string& sort) {
        std::vector<int> out;
        std::set<std::string> seen;
        std::string path = "/api/nodes?limit=2&sort=" + sort;
        for (std::string next = path; !next.empty();) {
            const auto page = gateway.get(next);
            for (const auto& item : page.body["items"]) {
                out.push_back(item["reputation_score"]);
                CHECK(seen.insert(item["wallet_address"]).second);
            }
            const auto& cursor = page.body["next_cursor"];
            next = cursor.is_null() ? "" : path + "&cursor=" + cursor.get<std::string>();
        }
        return out;
    };
    CHECK(counts("reputation_score") == std::vector<int>{0, 0, 1, 1, 2, 2});
    CHECK(counts("-total_jobs_completed") == std::vector<int>{2, 2, 1, 1, 0, 0});
    const auto cursor = gateway.get("/api/nodes?limit=2&sort=reputation_score").body["next_cursor"];
    const auto refused =
        gateway.get("/api/nodes?limit=2&sort=-reputation_score&cursor=" + cursor.get<std::string>());
    CHECK(refused.status == 400);
    CHECK(pointers_of(refused.body) == std::set<std::string>{"?cursor"});
}

TEST_CASE("several statuses give the jobs with any of them, in the list's order") {
    Gateway gateway;
    const char* states[] = {"paid", "failed", "assigned"};
    for (unsigned n = 1; n <= 9; ++n) {
        gateway.add_job(n, states[n % 3]);
    }
    const std::vector<std::string> wanted = {id_of(9), id_of(7), id_of(6), id_of(4), id_of(3), id_of(1)};
    CHECK(follow(gateway, gateway.get("/api/jobs?status=failed,paid&limit=4"), "id") == wanted);
    CHECK(follow(gateway, gateway.get("/api/jobs?status=failed&status=paid&limit=4"), "id") == wanted);
    CHECK(follow(gateway, gateway.send("POST", "/api/jobs/query", R"({"status":["paid","failed"]})"), "id") ==
          wanted);
    CHECK(gateway.get("/api/jobs?status=failed,paid&docker_image=none").body["items"].empty());
}

TEST_CASE("the jobs of a renter and of a provider are the list of jobs with the address of the path") {
    Gateway gateway;
    for (unsigned n = 1; n <= 5; ++n) {
        gateway.add_job(n, n % 2 == 0 ? "paid" : "failed");
    }
    const auto of_renter = "/api/renters/" + kRenter.hex() + "/jobs";
    const auto of_provider = "/api/nodes/" + kProvider.hex() + "/jobs";
    CHECK(gateway.get(of_renter).body == gateway.get("/api/jobs?renter_address=" + kRenter.hex()).body);
    CHECK(follow(gateway, gateway.get(of_renter + "?limit=2"), "id").size() == 5);
    CHECK(follow(gateway, gateway.get(of_provider + "?limit=1&status=paid&sort=created_at"), "id") ==
          std::vector<std::string>{id_of(2), id_of(4)});
    CHECK(gateway.get("/api/renters/" + kProvider.hex() + "/jobs?count=true").body["count"] == 0);
    CHECK(pointers_of(gateway.get(of_renter + "?renter_address=" + kProvider.hex() + "&x=1").body) ==
          std::set<std::string>{"?renter_address", "?x"});
    CHECK(gateway.get("/api/renters/0x12/jobs").body["errors"][0]["pointer"] == "{address}");
}

TEST_CASE("fields: only the chosen members, which the answer names; unknown ones are refused by name") {
    Gateway gateway;
    gateway.add_job(1);
    gateway.add_node(1, "1");
    const Documented documented;
    const auto jobs = gateway.get("/api/jobs?fields=status,id&limit=1");
    CHECK(jobs.body["items"] == json::array({{{"id", id_of(1)}, {"status", "assigned"}}}));
    CHECK(jobs.body["fields"] == json({"id", "status"}));
    CHECK(gateway.send("POST", "/api/nodes/query", R"({"fields":["gpu_model"]})").body["items"] ==
          json::array({{{"gpu_model", "A100"}}}));
    for (const auto& name : documented.properties.at("Job")) {
        INFO(name);
        const auto one = gateway.get("/api/jobs?fields=" + name).body["items"][0];
        CHECK(one == json({{name, gateway.get("/api/jobs").body["items"][0][name]}}));
    }
    for (const auto& name : documented.properties.at("Node")) {
        INFO(name);
        CHECK(keys_of(gateway.get("/api/nodes?fields=" + name).body["items"][0]) == std::set{name});
    }
    const auto refused = gateway.get("/api/jobs?fields=id,spec");
    CHECK(refused.status == 400);
    CHECK(refused.body["errors"][0]["code"] == "unknown_field");
    CHECK(pointers_of(gateway.send("POST", "/api/jobs/query", R"({"fields":["id","x"]})").body) ==
          std::set<std::string>{"/fields/1"});
}

TEST_CASE("count: of all pages, whatever the cursor; a lower bound above 10,000 rows") {
    Gateway gateway;
    for (unsigned n = 1; n <= 5; ++n) {
        gateway.add_job(n, n % 2 == 0 ? "paid" : "failed");
    }
    CHECK_FALSE(gateway.get("/api/jobs").body.contains("count"));
    const auto first = gateway.get("/api/jobs?count=true&limit=2");
    CHECK(first.body["count"] == 5);
    CHECK(first.body["count_is_exact"] == true);
    CHECK(gateway.get("/api/jobs?count=true&limit=2&cursor=" + first.body["next_cursor"].get<std::string>())
              .body["count"] == 5);
    CHECK(gateway.get("/api/jobs?count=true&status=paid").body["count"] == 2);
    CHECK(gateway.get("/api/jobs?count=true&docker_image=none").body["count"] == 0);
    CHECK(gateway.send("POST", "/api/jobs/query", R"({"count":true,"status":["paid","failed"]})")
              .body["count"] == 5);
    CHECK(gateway.send("POST", "/api/nodes/query", R"({"count":true})").body["count"] == 0);
    const Documented documented;
    auto keys = keys_of(gateway.get("/api/jobs?count=true").body);
    CHECK(keys == documented.properties.at("JobList"));
    keys.insert("fields");
    CHECK(keys == documented.properties.at("SparseJobList"));
    CHECK(documented.properties.at("SparseJob") == documented.properties.at("Job"));
    CHECK(documented.properties.at("SparseNode") == documented.properties.at("Node"));

    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.job (id, renter, provider, payment, block_num, block_hash, log_index, "
            "tx_hash, chain_state, status, attempt, tries, created_at, updated_at, work_since, spec_cid, "
            "last_event) SELECT sha256(int4send(n)), $1, $1, 1, n, sha256(int4send(n)), 0, "
            "sha256(int4send(n)), 'created', 'created', 1, 1, now(), now(), now(), 'bafk', 0 "
            "FROM generate_series(1, 10001) n",
            {kRenter});
    });
    const auto many = gateway.get("/api/jobs?count=true&limit=1");
    CHECK(many.body["count"] == 10'000);
    CHECK(many.body["count_is_exact"] == false);
}
