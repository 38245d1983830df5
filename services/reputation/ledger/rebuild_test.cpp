// Tests of the rebuild of the ledger: rows that are deleted, rows that stay, and no new intents meanwhile.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "pgingest/pg_lease.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "telemetry/log.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::reputation;

namespace {

const Address kWallet = *Address::parse("0x1000000000000000000000000000000000000001");
const Address kContract = *Address::parse("0x2000000000000000000000000000000000000002");
const Address kProvider = *Address::parse("0x3000000000000000000000000000000000000003");

JobId job(std::uint8_t n) {
    JobId out;
    out.array()[31] = n;
    return out;
}

struct Scene {
    void confirm(std::uint8_t n) {
        database.transact([&](store::Txn& txn) {
            put_creations(txn, {{job(n), kProvider, BlockNum{n}}});
            const Confirmation row{job(n), {BlockNum{n}, BlockHash{}}, 0, TxHash{}};
            put_confirmations(txn, {row});
            note_proven(txn, row, kProvider);
        });
    }
    void count(std::uint8_t n) {
        database.transact([&](store::Txn& txn) {
            TxHash hash;
            hash.array()[0] = n;
            put_increments(txn, {{kProvider, 1, {BlockNum{n}, BlockHash{}}, 0, hash}});
            txn.exec("UPDATE reputation.increment SET looked_up = true, job_id = $2 WHERE tx_hash = $1",
                     {hash, job(n)});
        });
    }
    void agree() { database.transact(note_agreement); }
    std::size_t make_due() {
        return database.transact(
            [](store::Txn& txn) { return put_due_intents(txn, {kWallet, ChainId{5611}, kContract}, 100); });
    }
    void set_state(std::uint8_t n, const std::string& state, std::optional<std::uint64_t> nonce) {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "UPDATE chain.intent SET state = $2, nonce = $3::bigint, mined_tx = sha256(''), "
                "mined_block = 1, mined_hash = sha256('') WHERE key = $1",
                {intent_key(job(n)), state, nonce});
        });
    }
    std::vector<std::string> keys() {
        return database.transact([](store::Txn& txn) {
            std::vector<std::string> out;
            for (const auto& row : txn.exec("SELECT key FROM chain.intent ORDER BY key")) {
                out.push_back(row.get<std::string>("key"));
            }
            return out;
        });
    }
    store::Row rebuild() {
        store::Database operators(testkit::role_dsn(postgres, "reputation", store::kOperatorRole), "test", 1);
        return operators.transact(
            [](store::Txn& txn) { return txn.one("SELECT * FROM api.rebuild_reputation()"); });
    }

    testkit::TempDir dir{"rebuild"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{testkit::migrated_database(postgres, "reputation", store::kReputationRole),
                             "test", 2};
};

}  // namespace

TEST_CASE("Once on chain: no intent is made before the ledger agrees with the chain") {
    Scene scene;
    scene.confirm(1);
    CHECK(scene.make_due() == 0);
    CHECK(scene.keys().empty());
    scene.agree();
    scene.count(1);
    scene.confirm(2);
    CHECK(scene.make_due() == 1);
    CHECK(scene.keys() == std::vector{intent_key(job(2))});
}

TEST_CASE("Once on chain: a rebuild keeps intents that may still be mined, and deletes the rest") {
    Scene scene;
    scene.agree();
    for (std::uint8_t n = 1; n <= 7; ++n) {
        scene.confirm(n);
    }
    REQUIRE(scene.make_due() == 7);
    scene.set_state(2, "parked", std::nullopt);
    scene.set_state(3, "allocated", 3);
    scene.set_state(4, "sent", 4);
    scene.set_state(5, "mined", 5);
    scene.set_state(6, "done", 6);
    scene.set_state(7, "failed", 7);
    scene.count(6);

    const auto done = scene.rebuild();
    CHECK(done.is_null("refused"));
    CHECK(done.get<int>("increments") == 1);
    CHECK(done.get<int>("forgotten") == 4);
    CHECK(done.get<int>("kept") == 3);
    CHECK(done.get<int>("confirmations") == 7);
    const std::vector open{intent_key(job(3)), intent_key(job(4)), intent_key(job(5))};
    CHECK(scene.keys() == open);

    // A running service makes no intents, and the confirmations stay open.
    CHECK(scene.make_due() == 0);
    CHECK(scene.keys() == open);
    scene.count(6);
    scene.agree();
    CHECK(scene.make_due() == 3);
    CHECK(scene.keys().size() == 6);
}

TEST_CASE("a rebuild is refused while an instance reads, and names it") {
    Scene scene;
    scene.agree();
    scene.confirm(1);
    REQUIRE(scene.make_due() == 1);
    telemetry::Metrics metrics;
    telemetry::Health health;
    const SystemClock clock;
    pgingest::PgLease lease(scene.database, "reputation", {clock, telemetry::Log::none(), metrics, health});
    REQUIRE(lease.held());
    const auto refused = scene.rebuild();
    CHECK(refused.get<std::string>("refused").find(":" + std::to_string(::getpid())) != std::string::npos);
    CHECK(scene.keys().size() == 1);
    lease.release();
    CHECK(testkit::wait_until([&] { return scene.rebuild().is_null("refused"); }));
    CHECK(scene.keys().empty());
}
