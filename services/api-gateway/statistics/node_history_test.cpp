// Tests of the route of a node's history on a real PostgreSQL, with the gateway's role.
#include <catch2/catch.hpp>

#include "crypto/signer.hpp"
#include "services/api-gateway/testing/documented_api.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const auto kPath = "/api/nodes/" + kProvider.hex() + "/history";

/// Adds `count` changes, a minute apart: online, offline, online…
void add_changes(Gateway& gateway, const Address& address, int count) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO registry.presence_change (provider, number, state, previous_state, reason, at) "
            "SELECT $1::bytea, n, CASE n % 2 WHEN 1 THEN 'online' ELSE 'offline' END, CASE n % 2 WHEN 1 THEN "
            "'offline' ELSE 'online' END, CASE n % 2 WHEN 1 THEN 'heartbeat' ELSE 'no_heartbeat' END, "
            "'2026-11-20T10:00:00Z'::timestamptz + n * interval '1 minute' FROM generate_series(1, $2::int) "
            "n",
            {address, count});
    });
}

std::vector<int> numbers_of(const json& page) {
    std::vector<int> out;
    for (const auto& item : page.at("items")) {
        out.push_back(item.at("number").get<int>());
    }
    return out;
}

}  // namespace

TEST_CASE("a node's history: each change with its reason, newest first, and only its own") {
    Gateway gateway;
    gateway.add_node(kProvider);
    add_changes(gateway, kProvider, 2);
    add_changes(gateway, kRenter, 3);
    const auto answer = gateway.get(kPath);
    REQUIRE(answer.status == 200);
    CHECK(answer.body == json::parse(R"({"items":[
        {"number":2,"state":"offline","previous_state":"online","reason":"no_heartbeat","at":"2026-11-20T10:02:00.000Z"},
        {"number":1,"state":"online","previous_state":"offline","reason":"heartbeat","at":"2026-11-20T10:01:00.000Z"}
        ],"next_cursor":null})"));
    CHECK(numbers_of(gateway.get(kPath + "?sort=at").body) == std::vector{1, 2});
    const Documented documented;
    CHECK(keys_of(answer.body["items"][0]) == documented.properties.at("PresenceChange"));
}

TEST_CASE("a node's history is read in pages by cursor and by Link, also while changes are added") {
    Gateway gateway;
    gateway.add_node(kProvider);
    add_changes(gateway, kProvider, 5);
    const auto first = gateway.get(kPath + "?limit=2");
    CHECK(numbers_of(first.body) == std::vector{5, 4});
    gateway.database.transact([](store::Txn& txn) {
        txn.exec(
            "INSERT INTO registry.presence_change VALUES ($1, 6, 'offline', 'online', 'no_heartbeat', now())",
            {kProvider});
    });
    const auto cursor = first.body["next_cursor"].get<std::string>();
    const auto second = gateway.get(kPath + "?limit=2&cursor=" + cursor);
    CHECK(numbers_of(second.body) == std::vector{3, 2});
    const auto link = second.raw.header("Link").value_or("");
    REQUIRE(link.ends_with(">; rel=\"next\""));
    const auto last = gateway.get(link.substr(1, link.find('>') - 1));
    CHECK(numbers_of(last.body) == std::vector{1});
    CHECK(last.body["next_cursor"].is_null());
    CHECK(gateway.get(kPath + "?sort=at&cursor=" + cursor).status == 400);  // of the other order
}

TEST_CASE(
    "the history of an unknown node is 404, of one that was never online empty, and bad requests are 400") {
    Gateway gateway;
    CHECK(gateway.get(kPath).status == 404);
    gateway.add_node(kProvider);
    CHECK(gateway.get(kPath).body == json({{"items", json::array()}, {"next_cursor", nullptr}}));
    const auto answer = gateway.get(kPath + "?limit=0&sort=reason&state=online");
    CHECK(answer.status == 400);
    CHECK(pointers_of(answer.body) == std::set<std::string>{"?limit", "?sort", "?state"});
    CHECK(gateway.get("/api/nodes/0x12/history").body["errors"][0]["pointer"] == "{address}");
    // A node that a reorg unregistered keeps its history.
    add_changes(gateway, kRenter, 1);
    CHECK(gateway.get("/api/nodes/" + kRenter.hex() + "/history").status == 200);
}
