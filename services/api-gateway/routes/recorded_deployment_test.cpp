// Tests that payment transactions are made only for the dispatcher's chain and contract.
#include "services/api-gateway/testing/gateway_scene.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

Answer submit(Gateway& gateway) {
    const json spec{{"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "a/b:1"}};
    return gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", "1000"}}).dump());
}

}  // namespace

TEST_CASE("the chain is the dispatcher's, also if the settings name none") {
    Gateway gateway;
    gateway.add_node(kProvider);
    gateway.settings.chain_id.reset();
    gateway.record_deployment(ChainId{56}, gateway.settings.job_manager);
    const auto made = submit(gateway);
    INFO(made.raw.body);
    CHECK(made.status == 201);
    CHECK(made.body["transaction"]["chainId"] == "0x38");
    CHECK(made.body["spec"]["chainId"] == 56);
}

TEST_CASE("without a record the settings' chain is used; without either a job is refused") {
    Gateway gateway;
    gateway.add_node(kProvider);
    gateway.database.transact([](store::Txn& txn) { txn.exec("DELETE FROM chain.cursor"); });
    CHECK(submit(gateway).status == 201);
    gateway.settings.chain_id.reset();
    const auto refused = submit(gateway);
    CHECK(refused.status == 503);
    CHECK(refused.body["code"] == "chain_unknown");
}

TEST_CASE("no payment transaction is made that contradicts the record") {
    Gateway gateway;
    SECTION("another contract") {
        gateway.record_deployment(ChainId{97}, kRenter);
    }
    SECTION("another chain") {
        gateway.record_deployment(ChainId{56}, gateway.settings.job_manager);
    }
    const auto refused = submit(gateway);
    CHECK(refused.status == 503);
    CHECK(refused.body["code"] == "wrong_market");
    CHECK(refused.raw.body.find("\"transaction\"") == std::string::npos);
}

TEST_CASE("requests are refused until the settings are compared with the database") {
    Gateway gateway;
    gateway.health.expect("configuration");
    for (const char* path : {"/api/jobs", "/api/nodes"}) {
        const auto early = gateway.get(path);
        CHECK(early.status == 503);
        CHECK(early.body["code"] == "starting");
    }
    gateway.health.set("postgres", false);
    CHECK(gateway.get("/api/jobs").body["code"] == "database_unavailable");
    gateway.health.set("postgres", true);
    gateway.health.set("configuration", true);
    CHECK(gateway.get("/api/jobs").status == 200);
}
