#include "views/query_handler.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "store/migrations.hpp"
#include "testkit/servers.hpp"
#include "views/resources.hpp"

using namespace lamda;
using namespace lamda::views;
using nlohmann::json;

namespace {

struct Desk {
    testkit::TempDir dir{"views"};
    testkit::PostgresServer server{dir.path()};
    store::Database database{server.create_database("views"), "views-test"};
    QueryHandler nodes{database, kNodes, "nodes", telemetry::Log::none()};

    Desk() { store::migrate(database); }
    void add_node(std::uint8_t n, const std::string& vram) {
        Address address;
        address.array()[19] = n;
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, last_seen, "
                "created_at, updated_at) VALUES ($1, true, 'A100', $2, 3, now(), '2026-01-01', now())",
                {address, vram});
        });
    }
    json ask(const std::string& body) { return json::parse(nodes.answer(body)); }
};

}  // namespace

TEST_CASE("A list on the bus equals the list of REST, and faults are named") {
    Desk handler;
    for (std::uint8_t n = 1; n <= 5; ++n) {
        handler.add_node(
            n, n == 5 ? "115792089237316195423570985008687907853269984665640564039457584007913129639935"
                      : "24576");
    }
    const auto all = handler.ask("");
    CHECK(all.at("count") == 5);
    CHECK(all.at("nodes")[0].at("wallet_address") == "0x0000000000000000000000000000000000000001");
    CHECK(all.at("nodes")[0].at("vram") == 24'576);
    CHECK(all.at("nodes")[4].at("vram").is_string());  // too large to be exact as a JSON number

    INFO("the row that detects a next page does not count towards the limit");
    CHECK(handler.ask(R"({"limit":2})").at("count") == 2);
    CHECK(handler.ask(R"({"limit":2})").at("nodes").size() == 2);
    CHECK(handler.ask(R"({"min_vram":24577,"gpu_model":"A100"})").at("count") == 1);
    CHECK(handler.ask(R"({"gpu_model":"H100"})") == json{{"nodes", json::array()}, {"count", 0}});

    const auto refused = handler.ask(R"({"colour":"red","is_online":"maybe"})");
    CHECK(refused.at("status") == 400);
    CHECK(refused.at("errors")[0].at("pointer") == "/colour");
    CHECK(refused.at("errors")[1].at("pointer") == "/is_online");
    CHECK(handler.ask("{not json").at("status") == 400);
}

TEST_CASE("Without the database the answer is `unavailable`; with it the list is answered again") {
    Desk handler;
    handler.add_node(1, "1");
    handler.server.stop();
    CHECK(handler.ask("").at("status") == 503);
    handler.server.start();
    CHECK(handler.ask("").at("count") == 1);
}
