// Tests that the job of each increment is found as long as the node has the block, with or without other
// indexes.
#include <catch2/catch.hpp>

#include "contracts/node_reputation.hpp"
#include "eth/codec/transaction.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "services/reputation/ledger/increment_planner.hpp"
#include "simulator/scripted_chain.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::reputation;

namespace {

const Address kContract = *Address::parse("0x2000000000000000000000000000000000000002");
const Address kProvider = *Address::parse("0x3000000000000000000000000000000000000003");

JobId job(std::uint8_t n) {
    JobId out;
    out.array()[31] = n;
    return out;
}

/// Increments on a chain whose node prunes its indexes, and their rows.
struct Scene {
    testkit::TempDir dir{"lookup"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{testkit::migrated_database(postgres, "reputation", store::kReputationRole),
                             "test", 2};
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    std::unique_ptr<crypto::LocalSigner> signer = *crypto::LocalSigner::from_hex(std::string(63, '0') + "1");
    IncrementPlanner planner{
        {signer->address(), ChainId{97}, kContract, "reputation:opbnb"}, database, chain};
    std::uint64_t nonce = 0;

    TxHash send(std::uint8_t n) {
        eth::Transaction tx;
        tx.chain_id = ChainId{97};
        tx.nonce = nonce++;
        tx.fee = {false, 10'000, 100};
        tx.gas_limit = 100'000;
        tx.to = kContract;
        tx.data = increment_calldata(kProvider, job(n));
        return chain.send_raw_transaction(eth::sign(tx, *signer).raw);
    }
    /// Stores an increment as the stream does. @param index absent: as an older release did
    void store(std::uint8_t n, const TxHash& tx, std::optional<std::uint64_t> index) {
        database.transact([&](store::Txn& txn) {
            put_increments(txn, {{kProvider, n, chain.at(chain.height()).ref(), n, tx, index}});
        });
    }
    std::vector<JobId> found() {
        return database.transact([](store::Txn& txn) {
            std::vector<JobId> out;
            for (const auto& row : txn.exec("SELECT job_id FROM reputation.increment WHERE looked_up "
                                            "ORDER BY job_id")) {
                out.push_back(row.get<JobId>("job_id"));
            }
            return out;
        });
    }
};

}  // namespace

TEST_CASE("increments are looked up by block and index if the node has pruned their hashes") {
    Scene scene;
    const auto first = scene.send(1);
    const auto second = scene.send(2);
    scene.chain.mine();
    scene.store(1, first, 0);
    scene.store(2, second, 1);
    scene.chain.faults.hashes_forgotten_below = 1'000;
    scene.planner.look_up_increments();
    CHECK(scene.found() == std::vector{job(1), job(2)});
}

TEST_CASE("increments are looked up by hash if the index is unknown or the node does not answer to it") {
    Scene scene;
    const auto first = scene.send(1);
    const auto second = scene.send(2);
    scene.chain.mine();
    scene.store(1, first, std::nullopt);
    scene.store(2, second, 1);
    scene.chain.faults.own_error = [](const std::string& method) -> std::optional<eth::RpcError> {
        return method == "eth_getTransactionByBlockHashAndIndex"
                   ? std::optional(eth::RpcError(-32601, "the method does not exist", {}))
                   : std::nullopt;
    };
    scene.planner.look_up_increments();
    CHECK(scene.found() == std::vector{job(1), job(2)});
}

TEST_CASE("an increment that no node returns stays open, and does not delay another one") {
    Scene scene;
    const auto first = scene.send(1);
    const auto second = scene.send(2);
    scene.chain.mine();
    scene.store(1, first, std::nullopt);
    scene.store(2, second, 1);
    scene.chain.faults.hashes_forgotten_below = 1'000;
    scene.planner.look_up_increments();
    CHECK(scene.found() == std::vector{job(2)});
    scene.chain.faults.hashes_forgotten_below = 0;
    scene.planner.look_up_increments();
    CHECK(scene.found() == std::vector{job(1), job(2)});
}
