// Tests that a repair adds hidden rows and drops invented ones, except those that already have an intent.
#include "services/reputation/ingest/journal_repair.hpp"

#include <catch2/catch.hpp>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "pgingest/testing/range_snapshot.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "services/reputation/ingest/projection.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::reputation;
namespace jm = contracts::job_manager;
namespace nr = contracts::node_reputation;

namespace {

const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
const Address kRenter = *Address::parse("0x2000000000000000000000000000000000000002");
const Address kProvider = *Address::parse("0x3000000000000000000000000000000000000003");
const Address kOther = *Address::parse("0x4000000000000000000000000000000000000004");

Bytes32 id(std::uint8_t n) {
    Bytes32 out;
    out.array()[31] = n;
    return out;
}

eth::Log created(std::uint8_t job, const Address& provider = kProvider) {
    return jm::JobCreated{id(job), kRenter, provider, 5}.encode(kContract);
}
eth::Log confirmed(std::uint8_t job) {
    return jm::JobConfirmed{id(job), 7}.encode(kContract);
}

struct Scene {
    Scene() {
        jobs_sink.bind({ChainId{97}, {kContract}});
        increments_sink.bind({ChainId{98}, {kContract}});
    }
    std::vector<Confirmation> confirmations() {
        return database.transact(
            [](store::Txn& txn) { return read_confirmations(txn, BlockNum{0}, BlockNum{99}); });
    }
    Address provider_of(std::uint8_t job) {
        return database.transact([&](store::Txn& txn) {
            const auto rows = read_creations(txn, {id(job).as<JobId>()}, BlockNum{99}, BlockNum{99});
            return rows.empty() ? Address{} : rows.front().provider;
        });
    }
    void put_intent(std::uint8_t job) {
        database.transact([&](store::Txn& txn) {
            pgledger::put_intents(txn, kOther, ChainId{98},
                                  {{intent_key(id(job).as<JobId>()), kContract, 0, Bytes{1}}});
        });
    }

    testkit::TempDir dir{"repair"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{testkit::migrated_database(postgres, "reputation", store::kReputationRole),
                             "test", 2};
    Wakeup ledger;
    JobsProjection jobs{std::nullopt, ledger};
    IncrementsProjection increments{ledger};
    pgingest::Projector jobs_sink{database, "reputation:bsc", jobs};
    pgingest::Projector increments_sink{database, "reputation:opbnb", increments};
    JobsRepair jobs_repair{std::nullopt};
    IncrementsRepair increments_repair;
    pgingest::PgAudit jobs_audit{database, "reputation:bsc", jobs_repair};
    pgingest::PgAudit increments_audit{database, "reputation:opbnb", increments_repair};
};

}  // namespace

TEST_CASE("Sceptical: a hidden creation and a hidden confirmation are added") {
    Scene scene;
    const auto truth = pgingest::batch_of({{created(1)}, {created(2)}, {confirmed(1)}, {confirmed(2)}});
    auto lies = truth;
    lies.logs = {truth.logs[1], truth.logs[2]};
    scene.jobs_sink.apply(lies);
    CHECK(pgingest::repair(scene.jobs_audit, truth) == 2);
    CHECK(scene.provider_of(1) == kProvider);
    CHECK(scene.confirmations().size() == 2);
    CHECK(scene.jobs_audit.compare({BlockNum{1}, truth}).logs == 0);
}

TEST_CASE("Once on chain: invented rows are dropped unless they have an intent") {
    Scene scene;
    const auto truth = pgingest::batch_of({{created(1), created(2)}, {confirmed(1)}, {created(3)}});
    auto lies =
        pgingest::batch_of({{created(1, kOther), created(2)}, {confirmed(1), confirmed(2)}, {created(3)}});
    for (std::size_t i = 0; i < lies.headers.size(); ++i) {
        REQUIRE(lies.headers[i].ref == truth.headers[i].ref);
    }
    scene.jobs_sink.apply(lies);
    const bool sent = GENERATE(false, true);
    CAPTURE(sent);
    if (sent) {
        scene.put_intent(1);
        scene.put_intent(2);
    }
    CHECK(pgingest::repair(scene.jobs_audit, truth) == (sent ? 0 : 2));
    CHECK(scene.confirmations().size() == (sent ? 2 : 1));
    CHECK(scene.provider_of(1) == (sent ? kOther : kProvider));
    CHECK(scene.jobs_audit.compare({BlockNum{1}, truth}).logs == (sent ? 2 : 0));
}

TEST_CASE("a job whose row comes from the contract, at its confirmation, is no difference") {
    Scene scene;
    const auto truth = pgingest::batch_of({{confirmed(1)}});
    scene.jobs_sink.apply(truth);
    scene.database.transact(
        [](store::Txn& txn) { put_creations(txn, {{id(1).as<JobId>(), kProvider, BlockNum{1}}}); });
    CHECK(scene.jobs_audit.compare({BlockNum{1}, truth}).logs == 0);
    scene.database.transact(
        [](store::Txn& txn) { put_creations(txn, {{id(2).as<JobId>(), kProvider, BlockNum{1}}}); });
    CHECK(pgingest::repair(scene.jobs_audit, truth) == 1);
    CHECK(scene.provider_of(2) == Address{});
    CHECK(scene.provider_of(1) == kProvider);
}

TEST_CASE("increments are replaced by those of the chain") {
    Scene scene;
    const auto log = [](std::uint64_t count) {
        return nr::JobCountIncremented{kProvider, U256(count)}.encode(kContract);
    };
    const auto truth = pgingest::batch_of({{log(1)}, {log(2)}, {log(3)}});
    auto lies = pgingest::batch_of({{log(1)}, {log(7)}, {log(3)}});
    lies.logs.pop_back();
    scene.increments_sink.apply(lies);
    CHECK(pgingest::repair(scene.increments_audit, truth) == 2);
    const auto rows = scene.database.transact(
        [](store::Txn& txn) { return read_increments(txn, BlockNum{0}, BlockNum{99}); });
    REQUIRE(rows.size() == 3);
    CHECK(rows[1].new_count == 2);
}
