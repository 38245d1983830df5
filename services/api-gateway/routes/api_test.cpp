// Tests of lists, objects and documented fields on a real PostgreSQL, over a socket.
#include <catch2/catch.hpp>
#include <set>

#include "services/api-gateway/testing/documented_api.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

/// Gets all pages; returns the ids in order.
std::vector<std::string> all_ids(Gateway& gateway, const std::string& path, const std::string& key) {
    std::vector<std::string> out;
    std::string cursor;
    do {
        const auto page = gateway.get(path + (cursor.empty() ? "" : "&cursor=" + cursor));
        REQUIRE(page.status == 200);
        for (const auto& item : page.body["items"]) {
            out.push_back(item[key]);
        }
        cursor = page.body["next_cursor"].is_null() ? "" : page.body["next_cursor"].get<std::string>();
    } while (!cursor.empty());
    return out;
}

}  // namespace

TEST_CASE("lists: pages by cursor neither skip nor repeat items; filters are typed") {
    Gateway gateway;
    for (unsigned n = 1; n <= 20; ++n) {
        gateway.add_job(n, n % 2 == 0 ? "assigned" : "paid");
        gateway.add_node(n, "81920");
    }
    const auto jobs = all_ids(gateway, "/api/jobs?limit=3", "id");
    CHECK(jobs.size() == 20);
    CHECK(std::set<std::string>(jobs.begin(), jobs.end()).size() == 20);
    CHECK(jobs.front() == id_of(20));
    const auto nodes = all_ids(gateway, "/api/nodes?limit=7", "wallet_address");
    CHECK(std::set<std::string>(nodes.begin(), nodes.end()).size() == 20);
    CHECK(gateway.get("/api/jobs?status=paid").body["items"].size() == 10);
    CHECK(gateway.get("/api/jobs?renter_address=" + kRenter.hex()).body["items"].size() == 20);
    CHECK(gateway.get("/api/jobs?renter_address=" + kProvider.hex()).body["items"].empty());
    CHECK(gateway.send("POST", "/api/nodes/query", R"({"min_vram":81921})").body["items"].empty());
    CHECK(
        gateway.send("POST", "/api/nodes/query", R"({"min_vram":"81920","limit":5})").body["items"].size() ==
        5);
}

TEST_CASE("objects: addresses in EIP-55, wei as decimal strings, unknown ids 404, bad ones 400") {
    Gateway gateway;
    gateway.add_job(1);
    gateway.add_node(7, "115792089237316195423570985008687907853269984665640564039457584007913129639935");
    const auto job = gateway.get("/api/jobs/" + id_of(1));
    INFO(job.body.dump());
    CHECK(job.status == 200);
    CHECK(job.body["renter_address"] == "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65");
    CHECK(job.body["payment_amount"] == "340282366920938463463374607431768211456");
    CHECK(job.body["docker_image"].is_null());
    Address seven;
    seven.array()[19] = 7;
    const auto node = gateway.get("/api/nodes/" + seven.hex());
    CHECK(node.body["reputation_score"] == 3);
    CHECK(node.body["vram"] ==
          "115792089237316195423570985008687907853269984665640564039457584007913129639935");
    CHECK(gateway.get("/api/reputation/" + seven.hex()).body["pending"] == 0);
    CHECK(gateway.get("/api/reputation/" + seven.hex() + "/jobs").body["total_jobs_completed"] == 3);
    CHECK(gateway.get("/api/jobs/" + id_of(9)).status == 404);
    CHECK(gateway.get("/api/nodes/" + kRenter.hex()).status == 404);
    CHECK(gateway.get("/api/nodes/0x12").body["errors"][0]["pointer"] == "{address}");
    CHECK(gateway.get("/api/jobs/1").body["errors"][0]["pointer"] == "{id}");
}

TEST_CASE("routes and fields of answers are those of openapi.yaml") {
    Gateway gateway;
    const Documented documented;
    const auto served = gateway.server.routes();
    CHECK(std::set<std::pair<std::string, std::string>>(served.begin(), served.end()) == documented.routes);
    CHECK(gateway.get("/api/v1/jobs").body == gateway.get("/api/jobs").body);
    gateway.add_job(1);
    gateway.add_node(7, "1");
    Address seven;
    seven.array()[19] = 7;
    const json spec = {{"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "i"}};
    const auto fields = [&](const std::string& schema) { return documented.properties.at(schema); };
    CHECK(keys_of(gateway.get("/api/jobs?count=true").body) == fields("JobList"));
    CHECK(keys_of(gateway.get("/api/jobs").body["items"][0]) == fields("Job"));
    CHECK(keys_of(gateway.get("/api/nodes?count=true").body) == fields("NodeList"));
    CHECK(keys_of(gateway.get("/api/nodes/" + seven.hex()).body) == fields("NodeDetail"));
    CHECK(keys_of(gateway.get("/api/reputation/" + seven.hex()).body) == fields("Reputation"));
    gateway.confirm_job(1);
    CHECK(keys_of(gateway.get("/api/reputation/" + kProvider.hex()).body["transactions"][0]) ==
          fields("ReputationTransaction"));
    CHECK(keys_of(gateway.get("/api/reputation/" + seven.hex() + "/jobs").body) == fields("CompletedJobs"));
    CHECK(keys_of(gateway.get("/health").body) == fields("Health"));
    gateway.add_node(kProvider);
    CHECK(keys_of(gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", "1"}}).dump())
                      .body) == fields("Submission"));
    CHECK(keys_of(gateway.get("/api/jobs/1").body) == fields("Problem"));
}

TEST_CASE("the signed receipt of a job is served as stored; without one the problem has its own code") {
    Gateway gateway;
    gateway.add_job(1);
    const auto path = "/api/jobs/" + id_of(1) + "/receipt";
    CHECK(gateway.get(path).status == 404);
    CHECK(gateway.get(path).body["code"] == "no_receipt");
    CHECK(gateway.get("/api/jobs/" + id_of(2) + "/receipt").body["code"] == "not_found");
    CHECK(gateway.get("/api/jobs/1/receipt").status == 400);

    gateway.add_receipt(1);
    const auto found = gateway.get(path);
    REQUIRE(found.status == 200);
    CHECK(wire::parse_signed_receipt(found.raw.body).value().provider == kProvider);
    const Documented documented;
    CHECK(keys_of(found.body) == documented.properties.at("SignedReceipt"));
    CHECK(keys_of(found.body["receipt"]) == documented.properties.at("Receipt"));
    CHECK(keys_of(found.body["domain"]) == documented.properties.at("SigningDomain"));
}

TEST_CASE("a node's public key is served; without one the problem has its own code") {
    Gateway gateway;
    gateway.add_node(kProvider);
    const auto path = "/api/nodes/" + kProvider.hex() + "/key";
    CHECK(gateway.get(path).status == 404);
    CHECK(gateway.get(path).body["code"] == "no_public_key");
    CHECK(gateway.get("/api/nodes/" + kRenter.hex() + "/key").body["code"] == "not_found");
    gateway.add_node_key(kProvider, Bytes(33, 2));
    const auto found = gateway.get(path);
    CHECK(found.status == 200);
    CHECK(found.body["public_key"] == to_hex(Bytes(33, 2)));
    CHECK(keys_of(found.body) == Documented().properties.at("NodeKey"));
}

TEST_CASE("without the database: 503 problems until it is back") {
    Gateway gateway;
    CHECK(gateway.get("/health").body["status"] == "ok");
    gateway.postgres.stop();
    CHECK(gateway.get("/api/jobs").status == 503);
    gateway.health.set("postgres", false);
    CHECK(gateway.get("/health").status == 503);
    gateway.postgres.start();
    CHECK(testkit::wait_until([&] { return gateway.get("/api/jobs").status == 200; }));
}
