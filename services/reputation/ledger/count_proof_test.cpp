// Nothing is agreed upon while an endpoint hides increments: the contract's counts tell.
#include "services/reputation/ledger/count_proof.hpp"

#include <catch2/catch.hpp>

#include "contracts/node_reputation.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "simulator/simulated_network.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::reputation;
namespace nr = contracts::node_reputation;
using simulator::EndpointPlan;
using simulator::Fault;

namespace {

const Address kContract = *Address::parse("0x2000000000000000000000000000000000000002");
const Address kProvider = *Address::parse("0x3000000000000000000000000000000000000003");
constexpr auto kStream = "reputation:opbnb";
constexpr std::uint64_t kHeight = 40;
constexpr std::uint64_t kFinal = 38;
constexpr std::uint64_t kStart = 10;

Bytes counts(std::uint64_t count) {
    return nr::SuccessfulJobsCountResult{count}.encode();
}

struct Scene {
    testkit::TempDir dir{"counts"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{testkit::migrated_database(postgres, "reputation", store::kReputationRole),
                             "test", 2};
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    simulator::SimulatedNetwork network;
    rpcpool::MultiRpc rpc;
    CountProof proof;

    /// @param told what each endpoint says the contract counts
    explicit Scene(const std::vector<std::uint64_t>& told)
        : network(clock, chain, 1, plans(told)),
          rpc({network.urls(), ChainId{97}, Millis(1'000), 1, 1}, clock, telemetry::Log::none(), network),
          proof({kContract, kStream, BlockNum{kStart}}, database, rpc, clock) {
        chain.finality_depth = kHeight - kFinal;
        while (chain.height() < kHeight) {
            chain.mine();
        }
    }
    static std::vector<EndpointPlan> plans(const std::vector<std::uint64_t>& told) {
        std::vector<EndpointPlan> out(told.size());
        for (std::size_t i = 0; i < told.size(); ++i) {
            out[i].url = "http://node" + std::to_string(i) + "/";
            out[i].call_result = counts(told[i]);
        }
        return out;
    }
    EndpointPlan& node(std::size_t i) { return network.plan(network.urls().at(i)); }
    /// As the stream stores them, one in each block from kStart on.
    void read(std::uint64_t first, std::uint64_t last, std::uint64_t cursor = kHeight) {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO chain.cursor (stream, chain_id, number, hash, timestamp) VALUES "
                "($1, 97, $2, $3, 1)",
                {kStream, cursor, BlockHash{}});
            for (auto n = first; n <= last; ++n) {
                Increment one;
                one.provider = kProvider;
                one.new_count = n;
                one.block.number = BlockNum{kStart + n - first};
                one.tx.array()[0] = static_cast<std::uint8_t>(n);
                put_increments(txn, {one});
            }
        });
    }
    void confirm() {
        database.transact([](store::Txn& txn) {
            JobId job;
            put_creations(txn, {{job, kProvider, BlockNum{1}}});
            put_confirmations(txn, {{job, {BlockNum{2}, BlockHash{}}, 0, TxHash{}}});
        });
    }
    std::string missing() {
        clock.advance(Millis(70'000));  // whoever rested is asked again
        return proof.missing();
    }
};

bool says(const std::string& text, const char* part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("increments that follow one another up to the contract's count are all of them") {
    Scene scene(GENERATE(std::vector<std::uint64_t>{3}, std::vector<std::uint64_t>{3, 3, 3}));
    scene.read(1, 3);
    CHECK(scene.missing().empty());
}

TEST_CASE("Once on chain: an endpoint that hid increments is found by the contract's count") {
    SECTION("the last ones") {
        Scene scene({5, 5});
        scene.read(1, 3);
        CHECK(says(scene.missing(), "counts 5"));
    }
    SECTION("all of a provider's, of which a confirmed job tells") {
        Scene scene({5, 5});
        scene.read(1, 0);
        CHECK(scene.missing().empty());  // of no such provider there is anything to count
        scene.confirm();
        CHECK(says(scene.missing(), "counts 5"));
    }
    SECTION("the liar is outvoted, but contradicts: it has to be taken out") {
        Scene scene({3, 5, 5});
        scene.read(1, 3);
        CHECK(says(scene.missing(), "contradict one another"));
    }
    SECTION("the first ones") {
        Scene scene({5, 5});
        scene.node(0).earlier_call_result = scene.node(1).earlier_call_result =
            EndpointPlan::EarlierResult{kStart, counts(0)};
        scene.read(4, 5);
        CHECK(says(scene.missing(), "had 0 before block 10"));
    }
}

TEST_CASE("what another system counted before the first block is no increment of ours") {
    Scene scene({5, 5});
    scene.read(4, 5);
    scene.node(0).earlier_call_result = scene.node(1).earlier_call_result =
        EndpointPlan::EarlierResult{kStart, counts(3)};
    CHECK(scene.missing().empty());
    // Nodes that have forgotten it cannot tell: the setting that helps is named.
    scene.node(0).state_pruned_below = scene.node(1).state_pruned_below = kStart + 1;
    CHECK(says(scene.missing(), "NODE_REPUTATION_START_BLOCK"));
}

TEST_CASE("counts are not proven while too few endpoints answer, or the stream is behind") {
    Scene scene({3, 3});
    scene.read(1, 3, kFinal - 1);
    CHECK(says(scene.missing(), "not read up to block 38"));
    scene.database.transact([](store::Txn& txn) { txn.exec("UPDATE chain.cursor SET number = 38"); });
    scene.node(1).rates[Fault::kRefused] = 1;
    CHECK_FALSE(scene.missing().empty());
    scene.node(1).rates.clear();
    CHECK(scene.missing().empty());
}

TEST_CASE("endpoints are asked once a second at most") {
    Scene scene({5, 5});
    scene.read(1, 3);
    CHECK_FALSE(scene.missing().empty());
    const auto asked = scene.network.calls(scene.network.urls().front());
    CHECK_FALSE(scene.proof.missing().empty());
    CHECK(scene.network.calls(scene.network.urls().front()) == asked);
}
