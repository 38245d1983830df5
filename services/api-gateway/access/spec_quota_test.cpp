// Tests of the quotas for unpaid specs.
#include "services/api-gateway/access/spec_quota.hpp"

#include "services/api-gateway/testing/gateway_scene.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

/// Submits a spec of about `bytes` for a client that is named by a local proxy.
Answer submit(Gateway& gateway, const std::string& client, unsigned n, std::size_t bytes,
              const Address& renter = kRenter, const net::Headers& more = {}) {
    const json spec = {{"renter", renter.hex()},
                       {"provider", kProvider.hex()},
                       {"dockerImage", "i"},
                       {"salt", id_of(n)},
                       {"command", std::vector<std::string>(bytes / 1'000, std::string(1'000, 'x'))}};
    net::Headers headers = more;
    headers.emplace_back("X-Forwarded-For", client);
    return gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", "1"}}).dump(), headers);
}

/// Moves the counters into an earlier hour.
void next_hour(Gateway& gateway) {
    gateway.database.transact(
        [](store::Txn& txn) { txn.exec("UPDATE gateway.spec_usage SET hour = hour - interval '3 hours'"); });
}

std::int64_t stored(Gateway& gateway) {
    return gateway.database.transact([](store::Txn& txn) {
        return txn.one("SELECT count(*) AS n FROM dispatch.spec").get<std::int64_t>("n");
    });
}

}  // namespace

TEST_CASE("Unpaid specs have a quota for each client, for each renter and in total, which is new each hour") {
    Gateway gateway;
    gateway.add_node(kProvider);
    gateway.settings.spec_quota = {30'000, 50'000, 1'000'000};
    const auto other_renter = kProvider;

    CHECK(submit(gateway, "192.0.2.1", 1, 20'000).status == 201);
    const auto refused = submit(gateway, "192.0.2.1", 2, 20'000);
    INFO(refused.body.dump());
    CHECK(refused.status == 429);
    CHECK(refused.body.at("code") == "spec_quota_client");
    CHECK(std::stoi(refused.raw.header("Retry-After").value_or("0")) > 0);
    CHECK(stored(gateway) == 1);

    INFO("the same spec again counts once");
    for (int i = 0; i < 3; ++i) {
        CHECK(submit(gateway, "192.0.2.1", 1, 20'000).status == 200);
    }
    CHECK(submit(gateway, "192.0.2.2", 3, 20'000).status == 201);
    CHECK(submit(gateway, "192.0.2.3", 4, 20'000).body.at("code") == "spec_quota_renter");
    CHECK(submit(gateway, "192.0.2.3", 5, 20'000, other_renter).status == 201);
    gateway.settings.spec_quota.total = 100'000;
    INFO("40,000 bytes remain in total: a sixteenth of them for one client");
    CHECK(submit(gateway, "192.0.2.4", 6, 20'000, other_renter).body.at("code") == "spec_quota_total");
    CHECK(submit(gateway, "192.0.2.4", 7, 1'000, other_renter).status == 201);
    CHECK(stored(gateway) == 4);
    gateway.settings.spec_quota.total = 1'000'000;

    next_hour(gateway);
    CHECK(submit(gateway, "192.0.2.1", 2, 20'000).status == 201);
    INFO("counters of past hours are deleted");
    CHECK(gateway.database.transact([](store::Txn& txn) {
        return txn.one("SELECT count(*) AS n FROM gateway.spec_usage").get<std::int64_t>("n");
    }) == 3);
}

TEST_CASE("Idempotency keys use quota too, and renewing a spec's expiry costs as much as a new spec") {
    Gateway gateway;
    gateway.add_node(kProvider);
    gateway.settings.spec_quota = {30'000, 10U << 20, 10U << 20};
    CHECK(submit(gateway, "192.0.2.1", 1, 20'000).status == 201);
    int given = 0;
    while (given < 100 && submit(gateway, "192.0.2.1", 1, 20'000, kRenter,
                                 {{"Idempotency-Key", "key " + std::to_string(given)}})
                                  .status == 200) {
        ++given;
    }
    CHECK(given > 10);
    CHECK(given < 40);

    next_hour(gateway);
    gateway.database.transact([](store::Txn& txn) {
        txn.exec("UPDATE dispatch.spec SET created_at = now() - interval '2 hours'");
    });
    CHECK(submit(gateway, "192.0.2.1", 1, 20'000).status == 200);
    CHECK(submit(gateway, "192.0.2.1", 2, 20'000).status == 429);
}

TEST_CASE("A database with a full disk or a statement timeout leads to 503 database_exhausted") {
    Gateway gateway;
    gateway.add_node(kProvider);
    for (const char* state : {"53100", "57014", "25006"}) {
        gateway.database.transact([&](store::Txn& txn) {
            txn.exec_script(
                std::string("CREATE OR REPLACE FUNCTION api.put_spec(spec bytea) RETURNS bytea LANGUAGE "
                            "plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '") +
                state + "'; END $$");
        });
        const auto answer = submit(gateway, "192.0.2.1", 1, 1'000);
        CAPTURE(state, answer.body.dump());
        CHECK(answer.status == 503);
        CHECK(answer.body.at("code") == "database_exhausted");
        CHECK(answer.raw.header("Retry-After"));
    }
    CHECK(gateway.get("/api/jobs").status == 200);
}
