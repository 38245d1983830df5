// Tests of the service on real servers (two EVM nodes, PostgreSQL, the contracts), killed at every step of
// the sender.
#include <catch2/catch.hpp>
#include <future>
#include <optional>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "core/duration.hpp"
#include "eth/rpc_client.hpp"
#include "onchain/transact.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "services/reputation/ledger/increment_planner.hpp"
#include "store/database.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"
#include "testkit/signing_server.hpp"

using namespace lamda;
namespace jm = contracts::job_manager;
namespace nr = contracts::node_reputation;

namespace {

std::unique_ptr<crypto::LocalSigner> account(std::size_t n) {
    return std::move(crypto::LocalSigner::from_hex(testkit::dev_key(n))).value();
}

struct Market {
    testkit::TempDir dir{"reputation"};
    testkit::PostgresServer postgres{dir.path() + "/pg"};
    testkit::Anvil bsc{dir.path() + "/bsc", {ChainId{97}, 0.2, 1}};
    testkit::Anvil opbnb{dir.path() + "/opbnb", {ChainId{5611}, 0.1, 1}};
    eth::HttpRpc bsc_rpc{bsc.url(), testkit::kCallTimeout};
    eth::HttpRpc opbnb_rpc{opbnb.url(), testkit::kCallTimeout};
    std::unique_ptr<crypto::LocalSigner> admin = account(0);
    std::unique_ptr<crypto::LocalSigner> renter = account(1);
    std::unique_ptr<crypto::LocalSigner> provider = account(2);
    Address job_manager = deploy(bsc_rpc, ChainId{97}, jm::bytecode());
    Address node_reputation = deploy(opbnb_rpc, ChainId{5611}, nr::bytecode());
    std::string dsn = fresh_database("reputation");
    std::size_t jobs = 0;

    /// Returns the DSN for the service's own role.
    std::string fresh_database(const std::string& name) {
        return testkit::migrated_database(postgres, name, store::kReputationRole);
    }
    Address deploy(eth::Rpc& rpc, ChainId chain, const Bytes& code) {
        onchain::TxRequest request;
        request.data = code;
        return *onchain::transact(rpc, SystemClock(), *admin, chain, request).contract_address;
    }
    void register_provider() {
        onchain::TxRequest request;
        request.to = node_reputation;
        request.data = nr::RegisterNode{"GPU", 8192}.encode();
        onchain::transact(opbnb_rpc, SystemClock(), *provider, ChainId{5611}, request);
    }
    void confirm_job() {
        JobId job;
        job.array()[31] = static_cast<std::uint8_t>(++jobs);
        onchain::TxRequest request;
        request.to = job_manager;
        request.data = jm::CreateJob{job.as<Bytes32>(), provider->address()}.encode();
        request.value = 1'000;
        onchain::transact(bsc_rpc, SystemClock(), *renter, ChainId{97}, request);
        request.data = jm::ConfirmResult{job.as<Bytes32>()}.encode();
        request.value = 0;
        onchain::transact(bsc_rpc, SystemClock(), *renter, ChainId{97}, request);
    }
    std::uint64_t count() {
        eth::CallRequest request;
        request.to = node_reputation;
        request.data = nr::SuccessfulJobsCount{provider->address()}.encode();
        const auto answer = opbnb_rpc.call(request, eth::Tag::kLatest);
        return *to_u64(*u256_from_be(answer));
    }
    testkit::ProcessSpec spec() {
        testkit::ProcessSpec spec;
        spec.argv = {testkit::binary_dir() + "/bin/lamda-reputation"};
        spec.env = {{"DATABASE_URL", dsn},
                    {"BSC_RPC_URL", bsc.url()},
                    {"OPBNB_RPC_URL", opbnb.url()},
                    {"JOB_MANAGER_CONTRACT_ADDRESS", job_manager.hex()},
                    {"NODE_REPUTATION_CONTRACT_ADDRESS", node_reputation.hex()},
                    {"JOB_MANAGER_START_BLOCK", "0"},
                    {"NODE_REPUTATION_START_BLOCK", "0"},
                    {"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)},
                    {"METRICS_PORT", "0"},
                    {"LOG_FORMAT", "text"}};
        spec.log_file = dir.path() + "/reputation.log";
        return spec;
    }
    bool reaches(std::uint64_t wanted) {
        return testkit::wait_until([&] { return count() >= wanted; });
    }
    static bool all_done(store::Database& database) {
        return database.transact([](store::Txn& txn) {
            return txn.exec("SELECT 1 FROM chain.intent WHERE state NOT IN ('done', 'failed')").empty();
        });
    }
    /// Waits for `blocks` of opBNB: time enough for a second increment.
    void let_blocks_pass(std::uint64_t blocks) {
        const auto until = opbnb_rpc.block_number() + blocks;
        REQUIRE(testkit::wait_until([&] { return opbnb_rpc.block_number() >= until; }));
    }
};

}  // namespace

TEST_CASE("three confirmed jobs raise the count to three; a lost database counts none again") {
    Market market;
    market.register_provider();
    for (int i = 0; i < 3; ++i) {
        market.confirm_job();
    }
    testkit::Process service(market.spec());
    REQUIRE(market.reaches(3));
    market.let_blocks_pass(10);
    CHECK(service.stop() == 0);
    CHECK(market.count() == 3);

    market.dsn = market.fresh_database("again");
    testkit::Process again(market.spec());
    market.confirm_job();
    REQUIRE(market.reaches(4));
    market.let_blocks_pass(30);
    CHECK(market.count() == 4);
    CHECK(again.stop() == 0);
}

TEST_CASE("a job of an unregistered provider waits without a nonce until it registers") {
    Market market;
    market.confirm_job();
    testkit::Process service(market.spec());
    market.let_blocks_pass(50);
    CHECK(market.count() == 0);
    market.register_provider();
    CHECK(market.reaches(1));
    CHECK(service.stop() == 0);
}

TEST_CASE("after a kill at every step of the sender each job counts once") {
    Market market;
    market.register_provider();
    store::Database database(market.postgres.dsn("reputation"), "test", 1);  // as the superuser
    for (const char* point : {"sender.after_allocate", "sender.after_sign", "sender.after_store",
                              "sender.after_broadcast", "sender.after_receipt", "sender.before_done"}) {
        INFO("killed at " << point);
        const auto before = market.count();
        market.confirm_job();
        auto spec = market.spec();
        spec.env["LAMDA_CRASH_AT"] = point;
        testkit::Process killed(spec);
        // The stream that reads the increment back may mark it done before the sender sees the receipt. The
        // process then does not reach the last two crash points, and is killed here.
        const bool may_finish = point == std::string_view("sender.after_receipt") ||
                                point == std::string_view("sender.before_done");
        REQUIRE(testkit::wait_until([&] {
            return !killed.running() || (may_finish && market.count() > before && market.all_done(database));
        }));
        CHECK(killed.kill() == 128 + 9);
        testkit::Process service(market.spec());
        REQUIRE(market.reaches(before + 1));
        market.let_blocks_pass(25);
        CHECK(market.count() == before + 1);
        CHECK(service.stop() == 0);
    }
}

TEST_CASE("Once on chain: a running instance whose ledger is reset reads the chain again before it sends") {
    Market market;
    market.register_provider();
    for (int i = 0; i < 3; ++i) {
        market.confirm_job();
    }
    testkit::Process service(market.spec());
    REQUIRE(market.reaches(3));
    market.let_blocks_pass(10);
    store::Database database(market.postgres.dsn("reputation"), "test", 1);  // as the superuser
    // The instance loses its lease with its session, and has not noticed yet.
    REQUIRE(testkit::wait_until([&] {
        return database.transact([](store::Txn& txn) {
            txn.exec("SELECT pg_terminate_backend(backend_pid) FROM chain.lease WHERE owner = 'reputation'");
            return txn.one("SELECT refused FROM api.rebuild_reputation()").is_null("refused");
        });
    }));
    market.confirm_job();
    REQUIRE(market.reaches(4));
    market.let_blocks_pass(30);
    CHECK(market.count() == 4);
    CHECK(service.stop() == 0);
    const auto intents = database.transact(
        [](store::Txn& txn) { return txn.one("SELECT count(*) AS n FROM chain.intent").get<int>("n"); });
    CHECK(intents == 1);  // the chain had counted the others
}

TEST_CASE("Once on chain: an intent that is made while its increment is looked up is closed") {
    Market market;
    market.register_provider();
    store::Database database(market.dsn, "test", 4);
    const JobId job = *JobId::parse("0x" + std::string(63, '0') + "7");
    onchain::TxRequest request;
    request.to = market.node_reputation;
    request.data = reputation::increment_calldata(market.provider->address(), job);
    const auto receipt =
        onchain::transact(market.opbnb_rpc, SystemClock(), *market.admin, ChainId{5611}, request);
    database.transact([&](store::Txn& txn) {
        reputation::note_agreement(txn);
        reputation::put_creations(txn, {{job, market.provider->address(), BlockNum{1}}});
        const reputation::Confirmation row{job, {BlockNum{2}, BlockHash{}}, 0, TxHash{}};
        reputation::put_confirmations(txn, {row});
        reputation::note_proven(txn, row, market.provider->address());
        reputation::put_increments(txn, {{market.provider->address(), 1, receipt.block, 0, receipt.tx_hash}});
    });
    reputation::IncrementPlanner planner(
        {market.admin->address(), ChainId{5611}, market.node_reputation, "reputation:opbnb"}, database,
        market.opbnb_rpc);
    std::future<std::size_t> closed;
    database.transact([&](store::Txn& txn) {
        REQUIRE(reputation::put_due_intents(
                    txn, {market.admin->address(), ChainId{5611}, market.node_reputation}, 10) == 1);
        closed = std::async(std::launch::async, [&] { return planner.look_up_increments(); });
        // The look-up waits for the uncommitted transaction.
        REQUIRE(testkit::wait_until([&] {
            return database.transact([](store::Txn& other) {
                return other.one("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted) AS waits")
                    .get<bool>("waits");
            });
        }));
    });
    CHECK(closed.get() == 1);
    const auto state = database.transact(
        [](store::Txn& txn) { return txn.one("SELECT state FROM chain.intent").get<std::string>("state"); });
    CHECK(state == "done");
}

TEST_CASE("with a remote signer that is unavailable or signs wrongly at times, each job counts once") {
    using Manner = testkit::SigningServer::Manner;
    Market market;
    market.register_provider();
    testkit::SigningServer signer(testkit::dev_key(0));
    auto spec = market.spec();
    spec.env.erase("ADMIN_WALLET_PRIVATE_KEY");
    spec.env["ADMIN_WALLET_SIGNER_URL"] = signer.url();
    spec.env["ADMIN_WALLET_ADDRESS"] = market.admin->address().hex();
    testkit::Process service(spec);
    std::uint64_t counted = 0;
    for (const Manner manner : {Manner::kGood, Manner::kBusy, Manner::kForeignKey, Manner::kForbidden}) {
        signer.behave(manner);
        const auto asked = signer.requests();
        market.confirm_job();
        // The service has called the signer, and nothing was sent meanwhile.
        REQUIRE(
            testkit::wait_until([&] { return signer.requests() >= asked + 2 || manner == Manner::kGood; }));
        CHECK((manner == Manner::kGood || market.count() == counted));
        signer.behave(Manner::kGood);
        REQUIRE(market.reaches(++counted));
    }
    market.let_blocks_pass(25);
    CHECK(market.count() == counted);
    CHECK(service.stop() == 0);
}
