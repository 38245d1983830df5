// Tests of the route that shows the transactions behind a provider's reputation.
#include <catch2/catch.hpp>

#include "services/api-gateway/testing/gateway_scene.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

/// Inserts the intent of job `n`; with a nonce also entry signed transaction.
void put_intent(Gateway& gateway, unsigned n, const std::string& state, std::optional<std::int64_t> nonce,
                const std::string& reason) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO chain.wallet (chain_id, address) VALUES (5611, $1::bytea) ON CONFLICT DO "
            "NOTHING",
            {kRenter});
        const bool mined = state == "mined" || state == "done";
        const auto id = txn.one(
                               "INSERT INTO chain.intent (chain_id, wallet, key, recipient, value, data, "
                               "state, nonce, "
                               "reason, mined_tx, mined_block, mined_hash) VALUES (5611, $1::bytea, $2, "
                               "$1::bytea, 0, '', "
                               "$3, $4::bigint, $5, $6::bytea, $7::bigint, $6::bytea) RETURNING id",
                               {kRenter, "increment:" + id_of(n), state, nonce, reason,
                                mined ? std::optional(bytes_of(n + 100)) : std::nullopt,
                                mined ? std::optional<std::int64_t>(300) : std::nullopt})
                            .get<std::int64_t>("id");
        if (nonce) {
            txn.exec(
                "INSERT INTO chain.tx (intent_id, nonce, hash, raw, legacy, max_fee, max_priority_fee, "
                "stored_at) VALUES ($1, $2::bigint, $3::bytea, '\\x01', false, 1, 1, now())",
                {id, nonce, bytes_of(n + 100)});
        }
    });
}
void count(Gateway& gateway, unsigned n) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO reputation.increment (tx_hash, log_index, provider, new_count, block_num, "
            "block_hash, "
            "looked_up, job_id) VALUES ($1::bytea, 0, $2::bytea, 1, 300, $1::bytea, true, $3::bytea)",
            {bytes_of(n + 100), kProvider, bytes_of(n)});
    });
}

}  // namespace

TEST_CASE("Every confirmed job of a provider is shown with its transaction, newest first, in pages") {
    Gateway gateway;
    const std::string path = "/api/reputation/" + kProvider.hex();
    CHECK(gateway.get(path).status == 404);
    for (unsigned n = 1; n <= 8; ++n) {
        gateway.confirm_job(n);
    }
    put_intent(gateway, 2, "parked", std::nullopt, "the provider is not registered");
    put_intent(gateway, 3, "sent", 3, "");
    put_intent(gateway, 4, "mined", 4, "");
    put_intent(gateway, 5, "failed", 5, "reverted in block 7");
    put_intent(gateway, 6, "done", 6, "");
    count(gateway, 6);
    count(gateway, 7);  // counted by a ledger that was lost
    put_intent(gateway, 8, "allocated", 8, "");
    const auto all = gateway.get(path);
    INFO(all.body.dump());
    REQUIRE(all.status == 200);
    CHECK(all.body["pending"] == 5);
    CHECK(all.body["next_cursor"].is_null());
    const auto entry = [](unsigned n, const char* state, const json& hash, const json& block,
                          const json& reason) {
        return json{{"job_id", id_of(n)},
                    {"state", state},
                    {"transaction_hash", hash},
                    {"block", block},
                    {"reason", reason}};
    };
    const json expected = {entry(8, "sent", id_of(108), nullptr, nullptr),
                           entry(7, "final", id_of(107), 300, nullptr),
                           entry(6, "final", id_of(106), 300, nullptr),
                           entry(5, "failed", id_of(105), nullptr, "reverted in block 7"),
                           entry(4, "mined", id_of(104), 300, nullptr),
                           entry(3, "sent", id_of(103), nullptr, nullptr),
                           entry(2, "waiting", nullptr, nullptr, "the provider is not registered"),
                           entry(1, "waiting", nullptr, nullptr, nullptr)};
    CHECK(all.body["transactions"] == expected);

    std::vector<std::string> paged;
    std::string cursor;
    do {
        const auto page = gateway.get(path + "?limit=3" + (cursor.empty() ? "" : "&cursor=" + cursor));
        REQUIRE(page.status == 200);
        CHECK(page.body["pending"] == 5);
        for (const auto& tx : page.body["transactions"]) {
            paged.push_back(tx["job_id"]);
        }
        cursor = page.body["next_cursor"].is_null() ? "" : page.body["next_cursor"].get<std::string>();
    } while (!cursor.empty());
    std::vector<std::string> ids;
    for (const auto& tx : expected) {
        ids.push_back(tx["job_id"]);
    }
    CHECK(paged == ids);

    for (const char* wrong : {"limit=0", "cursor=x", "state=sent", "wallet_address=0x12"}) {
        INFO(wrong);
        const auto answer = gateway.get(path + "?" + wrong);
        CHECK(answer.status == 400);
        CHECK(answer.body["errors"][0]["pointer"] ==
              "?" + std::string(wrong).substr(0, std::string_view(wrong).find('=')));
    }
}
