// Tests that a confirmation counts when the endpoints have proven it, and is removed when they refute it.
#include "services/reputation/ingest/confirmation_proofs.hpp"

#include <catch2/catch.hpp>

#include "contracts/job_manager.hpp"
#include "simulator/simulated_network.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::reputation;
namespace jm = contracts::job_manager;
using simulator::EndpointPlan;
using simulator::Fault;
using simulator::Lies;

namespace {

const Address kContract = *Address::parse("0x2000000000000000000000000000000000000002");
const Address kProvider = *Address::parse("0x3000000000000000000000000000000000000003");
const Address kThief = *Address::parse("0x6000000000000000000000000000000000000006");
constexpr auto kStream = "reputation:bsc";

JobId job(std::uint8_t n) {
    JobId out;
    out.array()[31] = n;
    return out;
}

eth::Log confirmed(std::uint8_t n) {
    return jm::JobConfirmed{job(n).as<Bytes32>(), 5}.encode(kContract);
}

Bytes info_for(const Address& provider) {
    jm::GetJobInfoResult info;
    info.provider = provider;
    return info.encode();
}

std::vector<EndpointPlan> endpoints(std::size_t count) {
    std::vector<EndpointPlan> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i].url = "http://node" + std::to_string(i) + "/";
        out[i].call_result = info_for(kProvider);
    }
    return out;
}

struct Scene {
    testkit::TempDir dir{"proofs"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{testkit::migrated_database(postgres, "reputation", store::kReputationRole),
                             "test", 2};
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    simulator::SimulatedNetwork network;
    telemetry::Metrics metrics;
    telemetry::Health health;
    rpcpool::MultiRpc rpc;
    ConfirmationProofs proofs;

    explicit Scene(std::vector<EndpointPlan> plans)
        : network(clock, chain, 1, std::move(plans)),
          rpc({network.urls(), ChainId{97}, Millis(1'000), 1, 1}, clock, telemetry::Log::none(), network),
          proofs({kContract, kStream, 1}, database, rpc, {clock, telemetry::Log::none(), metrics, health}) {
        chain.finality_depth = 2;
        database.transact([](store::Txn& txn) { note_agreement(txn); });
    }
    EndpointPlan& node(std::size_t i) { return network.plan(network.urls().at(i)); }
    /// Mines a confirmation and makes it final.
    Confirmation confirm(std::uint8_t n) {
        chain.mine({confirmed(n)});
        const auto log = simulator::ChainView::logs(*chain.branch().back(), {}).front();
        chain.mine();
        chain.mine();
        return {job(n), {log.block_num, log.block_hash}, log.log_index, log.tx_hash};
    }
    void store(const Confirmation& row) {
        database.transact([&](store::Txn& txn) { put_confirmations(txn, {row}); });
    }
    std::size_t make_due() {
        return database.transact(
            [](store::Txn& txn) { return put_due_intents(txn, {kProvider, ChainId{5611}, kContract}, 100); });
    }
    std::size_t rows() {
        return database.transact(
            [](store::Txn& txn) { return txn.exec("SELECT 1 FROM reputation.confirmation").size(); });
    }
    /// Returns the providers that the intents count for.
    std::vector<Address> counted() {
        return database.transact([](store::Txn& txn) {
            std::vector<Address> out;
            for (const auto& row : txn.exec("SELECT proven_provider AS provider FROM reputation.confirmation "
                                            "WHERE settled ORDER BY job_id")) {
                out.push_back(row.get<Address>("provider"));
            }
            return out;
        });
    }
    bool ready() { return health.checks()["reputation:proof"].ok; }
    std::string detail() { return health.checks()["reputation:proof"].detail; }
    /// Passes until no endpoint is backed off and waiting confirmations are reported.
    void pass_for_a_while() {
        for (int i = 0; i < 4; ++i) {
            proofs.pass();
            clock.advance(Millis(70'000));
        }
    }
};

}  // namespace

TEST_CASE("an intent is made from a confirmation only after it is proven") {
    Scene scene(endpoints(GENERATE(1U, 2U, 3U)));
    for (std::uint8_t n = 1; n <= 3; ++n) {
        scene.store(scene.confirm(n));
    }
    CHECK(scene.make_due() == 0);
    CHECK(scene.proofs.pass() == 3);
    CHECK(scene.make_due() == 3);
    CHECK(scene.counted() == std::vector<Address>(3, kProvider));
    CHECK(scene.proofs.pass() == 0);
    CHECK(scene.ready());
    CHECK((scene.detail().find("trusted") != std::string::npos) == (scene.network.urls().size() == 1));
}

TEST_CASE("Sceptical: a confirmation that one endpoint invents is refuted, and its block audited again") {
    auto plans = endpoints(2);
    Scene scene(plans);
    auto row = scene.confirm(1);
    const auto how = GENERATE(0, 1, 2, 3);
    if (how == 0) {
        row.job = job(2);
    } else if (how == 1) {
        row.log_index += 1;
    } else if (how == 2) {
        row.tx.array()[0] ^= 1;
    } else {
        row.block.hash.array()[0] ^= 1;
    }
    scene.store(row);
    scene.database.transact([&](store::Txn& txn) {
        txn.exec("INSERT INTO chain.cursor (stream, chain_id) VALUES ($1, 97)", {kStream});
        txn.exec("INSERT INTO chain.sweep (stream, since, upto) VALUES ($1, 0, 1000)", {kStream});
    });
    CHECK(scene.proofs.pass() == 0);
    CHECK(scene.rows() == 0);
    CHECK(scene.make_due() == 0);
    const auto upto = scene.database.transact([](store::Txn& txn) {
        return txn.one("SELECT upto FROM chain.sweep WHERE stream = $1", {kStream}).get<BlockNum>("upto");
    });
    CHECK(upto.next() == row.block.number);
    scene.store(scene.confirm(7));
    CHECK(scene.proofs.pass() == 1);
    CHECK(scene.ready());
}

TEST_CASE("Sceptical: a lying endpoint can delay an increment, and never causes one") {
    const auto depth = GENERATE(Lies::Depth::kLogs, Lies::Depth::kHeader, Lies::Depth::kFork);
    const auto what = GENERATE(Lies::What::kInvent, Lies::What::kHide, Lies::What::kChange);
    auto plans = endpoints(2);
    plans[0].lies = Lies{what, depth, 1, confirmed(9), true};
    Scene scene(plans);
    const auto real = scene.confirm(1);
    scene.store(real);
    // The rows of a stream that reads from the lying endpoint.
    auto invented = real;
    invented.job = job(9);
    invented.log_index = 1;
    scene.store(invented);
    scene.pass_for_a_while();
    scene.make_due();
    // The header is correct, does not have the hash of its fields, or contradicts the other endpoint.
    const std::string delay = depth == Lies::Depth::kLogs     ? ""
                              : depth == Lies::Depth::kHeader ? "1 of 2 endpoints"
                                                              : "contradict";
    CHECK(scene.counted() == std::vector<Address>(delay.empty() ? 1 : 0, kProvider));
    CHECK(scene.ready() == delay.empty());
    CHECK(scene.detail().find(delay) != std::string::npos);
    scene.node(0).lies.reset();
    scene.pass_for_a_while();
    scene.make_due();
    CHECK(scene.counted() == std::vector<Address>{kProvider});
    CHECK(scene.rows() == 1);
    CHECK(scene.ready());
}

TEST_CASE(
    "Sceptical: a count goes to the provider that the endpoints agree on, even if another JobCreated was "
    "read") {
    auto plans = endpoints(2);
    Scene scene(plans);
    const auto row = scene.confirm(1);
    scene.store(row);
    scene.database.transact([&](store::Txn& txn) { put_creations(txn, {{job(1), kThief, BlockNum{1}}}); });
    scene.node(1).call_result = info_for(kThief);
    scene.pass_for_a_while();
    CHECK(scene.make_due() == 0);
    CHECK_FALSE(scene.ready());
    scene.node(1).call_result = info_for(kProvider);
    scene.pass_for_a_while();
    CHECK(scene.make_due() == 1);
    CHECK(scene.counted() == std::vector<Address>{kProvider});
    const auto provider = scene.database.transact([](store::Txn& txn) {
        return txn.one("SELECT provider FROM reputation.job").get<Address>("provider");
    });
    CHECK(provider == kProvider);
}

TEST_CASE("a confirmation waits while too few endpoints answer, which is reported after half a minute") {
    Scene scene(endpoints(2));
    scene.store(scene.confirm(1));
    scene.node(1).rates[Fault::kRefused] = 1;
    scene.proofs.pass();
    CHECK(scene.ready() == false);  // not reported yet
    CHECK(scene.health.checks().empty());
    scene.pass_for_a_while();
    CHECK_FALSE(scene.ready());
    CHECK(scene.detail().find("1 of 2 endpoints") != std::string::npos);
    scene.node(1).rates.clear();
    scene.pass_for_a_while();
    CHECK(scene.make_due() == 1);
    CHECK(scene.ready());
}

TEST_CASE("a confirmation that cannot be proven does not delay another") {
    Scene scene(endpoints(2));
    const auto old = scene.confirm(1);
    scene.store(old);
    for (std::uint8_t n = 2; n <= 4; ++n) {
        scene.store(scene.confirm(n));
    }
    for (std::size_t i = 0; i < 2; ++i) {
        scene.node(i).pruned_below = old.block.number.value + 1;
    }
    CHECK(scene.proofs.pass() == 3);
    CHECK(scene.make_due() == 3);
    CHECK(scene.rows() == 4);
}

TEST_CASE("a job that the chain has counted already needs no proof") {
    Scene scene(endpoints(1));
    scene.store(scene.confirm(1));
    scene.database.transact([&](store::Txn& txn) {
        put_increments(txn, {{kProvider, 1, {BlockNum{1}, BlockHash{}}, 0, TxHash{}}});
        txn.exec("UPDATE reputation.increment SET looked_up = true, job_id = $1", {job(1)});
    });
    const auto before = scene.network.calls();
    CHECK(scene.proofs.pass() == 0);
    CHECK(scene.network.calls() == before);
    CHECK(scene.make_due() == 0);
    CHECK(scene.database.transact([](store::Txn& txn) {
        return txn.one("SELECT settled FROM reputation.confirmation").get<bool>("settled");
    }));
}
