// Tests that an endpoint that hides increments is detected by the contract's counts.
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

    /// @param answers the contract's count according to each endpoint
    explicit Scene(const std::vector<std::uint64_t>& answers)
        : network(clock, chain, 1, plans(answers)),
          rpc({network.urls(), ChainId{97}, Millis(1'000), 1, 1}, clock, telemetry::Log::none(), network),
          proof({kContract, kStream, BlockNum{kStart}}, database, rpc, clock) {
        chain.finality_depth = kHeight - kFinal;
        while (chain.height() < kHeight) {
            chain.mine();
        }
    }
    static std::vector<EndpointPlan> plans(const std::vector<std::uint64_t>& answers) {
        std::vector<EndpointPlan> out(answers.size());
        for (std::size_t i = 0; i < answers.size(); ++i) {
            out[i].url = "http://node" + std::to_string(i) + "/";
            out[i].call_result = counts(answers[i]);
        }
        return out;
    }
    EndpointPlan& node(std::size_t i) { return network.plan(network.urls().at(i)); }
    /// Stores increments as the stream does, increment in each block from kStart on.
    void read(std::uint64_t first, std::uint64_t last, std::uint64_t cursor = kHeight) {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO chain.cursor (stream, chain_id, number, hash, timestamp) VALUES "
                "($1, 97, $2, $3, 1)",
                {kStream, cursor, BlockHash{}});
            for (auto n = first; n <= last; ++n) {
                Increment increment;
                increment.provider = kProvider;
                increment.new_count = n;
                increment.block.number = BlockNum{kStart + n - first};
                increment.tx.array()[0] = static_cast<std::uint8_t>(n);
                put_increments(txn, {increment});
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
        clock.advance(Millis(70'000));  // no endpoint is backed off
        return proof.missing();
    }
};

bool contains(const std::string& text, const char* part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("consecutive increments up to the contract's count are complete") {
    Scene scene(GENERATE(std::vector<std::uint64_t>{3}, std::vector<std::uint64_t>{3, 3, 3}));
    scene.read(1, 3);
    CHECK(scene.missing().empty());
}

TEST_CASE("Once on chain: an endpoint that hid increments is detected by the contract's count") {
    SECTION("the last ones") {
        Scene scene({5, 5});
        scene.read(1, 3);
        CHECK(contains(scene.missing(), "counts 5"));
    }
    SECTION("all increments of a provider with a confirmed job") {
        Scene scene({5, 5});
        scene.read(1, 0);
        CHECK(scene.missing().empty());  // no provider to compare
        scene.confirm();
        CHECK(contains(scene.missing(), "counts 5"));
    }
    SECTION("a lying endpoint in the minority, which contradicts the others") {
        Scene scene({3, 5, 5});
        scene.read(1, 3);
        CHECK(contains(scene.missing(), "contradict one another"));
    }
    SECTION("the first ones") {
        Scene scene({5, 5});
        scene.node(0).earlier_call_result = scene.node(1).earlier_call_result =
            EndpointPlan::EarlierResult{kStart, counts(0)};
        scene.read(4, 5);
        CHECK(contains(scene.missing(), "had 0 before block 10"));
    }
}

TEST_CASE("counts of another system from before the first block are no missing increments") {
    Scene scene({5, 5});
    scene.read(4, 5);
    scene.node(0).earlier_call_result = scene.node(1).earlier_call_result =
        EndpointPlan::EarlierResult{kStart, counts(3)};
    CHECK(scene.missing().empty());
    // The nodes have pruned that state: the reason names the setting that helps.
    scene.node(0).state_pruned_below = scene.node(1).state_pruned_below = kStart + 1;
    CHECK(contains(scene.missing(), "NODE_REPUTATION_START_BLOCK"));
}

TEST_CASE("counts are not proven while too few endpoints answer, or the stream is behind") {
    Scene scene({3, 3});
    scene.read(1, 3, kFinal - 1);
    CHECK(contains(scene.missing(), "not read up to block 38"));
    scene.database.transact([](store::Txn& txn) { txn.exec("UPDATE chain.cursor SET number = 38"); });
    scene.node(1).rates[Fault::kRefused] = 1;
    CHECK_FALSE(scene.missing().empty());
    scene.node(1).rates.clear();
    CHECK(scene.missing().empty());
}

TEST_CASE("endpoints are called at most once a second") {
    Scene scene({5, 5});
    scene.read(1, 3);
    CHECK_FALSE(scene.missing().empty());
    const auto calls = scene.network.calls(scene.network.urls().front());
    CHECK_FALSE(scene.proof.missing().empty());
    CHECK(scene.network.calls(scene.network.urls().front()) == calls);
}
