// The node agent on the two chains: registration, heartbeats, confirmations and claims, each once.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "integration/agent_fixture.hpp"
#include "onchain/job_manager_reader.hpp"
#include "onchain/transact.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using wire::StatusKind;
namespace jm = contracts::job_manager;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kPayment = 1'000'000'000'000'000;

void create_on_chain(const wire::Assignment& job) {
    auto& servers = Servers::get();
    jm::CreateJob call;
    call.job_id = job.job_id.as<Bytes32>();
    call.provider_address = job.provider;
    onchain::TxRequest request;
    request.to = servers.job_manager;
    request.data = call.encode();
    request.value = kPayment;
    onchain::transact(servers.bsc_rpc, SystemClock(), *servers.owner, ChainId{97}, request);
}

std::string chain_state(const wire::Assignment& job) {
    auto& servers = Servers::get();
    const auto view = onchain::JobManagerReader(servers.bsc_rpc, servers.job_manager).job(job.job_id);
    return view ? std::string(view->state()) : "absent";
}

std::uint64_t nonce(const Address& address, eth::Rpc& rpc) {
    return rpc.transaction_count(address, eth::Tag::kLatest);
}

/// anvil mines a block per transaction: mines more blocks, so that earlier ones become final.
void finalize() {
    Servers::get().bsc.call("anvil_mine", "[\"0x4\"]");
}

}  // namespace

TEST_CASE("a completed job is confirmed and its reward claimed, each by one transaction") {
    Scenario scenario(Env{{"AGENT_CONFIRM", "true"}, {"AGENT_CLAIM", "true"}});
    scenario.start();
    const auto job = scenario.job("echo done > /output/result");
    create_on_chain(job);
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(testkit::wait_until([&] {
        finalize();
        return chain_state(job) == "paid";
    }));
    scenario.assign_again(job);
    finalize();
    const auto next = scenario.job("true");
    scenario.assign(next);
    scenario.wait_status(next, StatusKind::kCompleted);
    CHECK(nonce(scenario.provider(), Servers::get().bsc_rpc) == 2);
}

TEST_CASE("killed at any step of settling, a job is confirmed once and claimed once") {
    for (const std::string point :
         {"agent.intent.put", "agent.intent.put:2", "agent.ledger.written:2", "agent.ledger.written:4",
          "agent.ledger.renamed:4", "agent.ledger.renamed:6", "agent.ledger.written:7"}) {
        INFO(point);
        std::cout << "  killed at " << point << std::endl;
        Scenario scenario(Env{{"AGENT_CONFIRM", "true"}, {"AGENT_CLAIM", "true"}});
        const auto job = scenario.job("true");
        create_on_chain(job);
        scenario.start({{"LAMDA_CRASH_AT", point}});
        scenario.assign(job);
        std::optional<int> died;
        REQUIRE(testkit::wait_until([&] {
            finalize();
            return (died = scenario.process().wait(Millis(50))).has_value();
        }));
        REQUIRE(died == 128 + SIGKILL);
        scenario.start();
        CHECK(testkit::wait_until([&] {
            finalize();
            return chain_state(job) == "paid";
        }));
        CHECK(nonce(scenario.provider(), Servers::get().bsc_rpc) == 2);
        scenario.wait_ready();  // a process that is still starting handles no signal
        CHECK(scenario.process().stop() == 0);
    }
}

TEST_CASE("a job that its renter has confirmed is not confirmed again, and still claimed") {
    Scenario scenario(Env{{"AGENT_CONFIRM", "true"}, {"AGENT_CLAIM", "true"}});
    const auto job = scenario.job("true");
    create_on_chain(job);
    auto& servers = Servers::get();
    jm::ConfirmResult call;
    call.job_id = job.job_id.as<Bytes32>();
    onchain::TxRequest request;
    request.to = servers.job_manager;
    request.data = call.encode();
    onchain::transact(servers.bsc_rpc, SystemClock(), *servers.owner, ChainId{97}, request);
    finalize();
    scenario.start();
    scenario.assign(job);
    CHECK(testkit::wait_until([&] {
        finalize();
        return chain_state(job) == "paid";
    }));
    CHECK(nonce(scenario.provider(), servers.bsc_rpc) == 1);
}

TEST_CASE("a claim waits until the job is confirmed by its renter") {
    Scenario scenario(Env{{"AGENT_CLAIM", "true"}});
    const auto job = scenario.job("true");
    create_on_chain(job);
    scenario.start();
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kCompleted);
    CHECK_FALSE(testkit::wait_until([&] { return chain_state(job) != "created"; }, Millis(2'000)));
    CHECK(nonce(scenario.provider(), Servers::get().bsc_rpc) == 0);
    jm::ConfirmResult call;
    call.job_id = job.job_id.as<Bytes32>();
    onchain::TxRequest request;
    request.to = Servers::get().job_manager;
    request.data = call.encode();
    onchain::transact(Servers::get().bsc_rpc, SystemClock(), *Servers::get().owner, ChainId{97}, request);
    CHECK(testkit::wait_until([&] {
        finalize();
        return chain_state(job) == "paid";
    }));
}

TEST_CASE("an agent registers once, with the GPUs found unless set, and keeps its presence on chain") {
    auto& servers = Servers::get();
    Scenario scenario(Env{{"AGENT_REGISTER", "true"},
                          {"LD_LIBRARY_PATH", testkit::binary_dir() + "/fake-nvml"},
                          {"FAKE_NVML", "NVIDIA A100:81920,NVIDIA A100:81920"},
                          {"AGENT_VRAM_MIB", "40960"},
                          {"HEARTBEAT_INTERVAL", "2s"}});
    scenario.start();
    onchain::ReputationView view(servers.opbnb_rpc, servers.node_reputation);
    const auto provider = [&] {
        servers.opbnb.call("anvil_mine", "[\"0x4\"]");
        return view.provider(scenario.provider());
    };
    REQUIRE(testkit::wait_until([&] { return provider().registered; }));
    const auto first = provider();
    CHECK(first.gpu_model == "2x NVIDIA A100");
    CHECK(first.vram == 40960);
    CHECK(testkit::wait_until([&] { return provider().last_seen > first.last_seen; }));
    scenario.process().kill();
    scenario.start();
    const auto later = provider().last_seen;
    CHECK(testkit::wait_until([&] { return provider().last_seen > later; }));
    std::size_t registrations = 0;
    for (const auto& address : view.providers(BlockNum{0})) {
        registrations += address == scenario.provider() ? 1 : 0;
    }
    CHECK(registrations == 1);
}

TEST_CASE("an endpoint on another chain ends the agent with 78 and names the setting") {
    Scenario scenario(Env{{"BSC_RPC_URL", Servers::get().opbnb.url()}});
    scenario.start();
    CHECK(scenario.process().wait(Millis(60'000)) == 78);
    CHECK(scenario.log().find("BSC_RPC_URL") != std::string::npos);
}

TEST_CASE("a damaged ledger ends the agent with 78, is named, and is unchanged") {
    for (const std::string chain : {"bsc", "opbnb"}) {
        Scenario scenario;
        fs::create_directories(scenario.state_dir());
        const auto path = scenario.state_dir() + "/" + chain + "-" + scenario.provider().hex() + ".json";
        const std::string damaged = R"({"format":1,"nextNonce":7,"entr)";
        std::ofstream(path) << damaged;
        scenario.start();
        CHECK(scenario.process().wait(Millis(60'000)) == 78);
        CHECK(scenario.log().find("the transaction queue " + path + " is damaged: ") != std::string::npos);
        std::ifstream file(path);
        CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == damaged);
    }
}

TEST_CASE("all faults of the settings are reported at once, by name, and without the key") {
    testkit::ProcessSpec spec;
    spec.argv = {testkit::binary_dir() + "/bin/lamda-node-agent", "--check-config"};
    spec.env = {{"AGENT_PRIVATE_KEY", "feedfacefeedfacefeedface"},
                {"AGENT_STATE_DIR", "relative"},
                {"AGENT_CAPACITY", "0"},
                {"DOCKER_HOST", "tcp://1.2.3.4:2375"}};
    const auto done = testkit::run(spec);
    INFO(done.output);
    CHECK(done.status == 78);
    for (const char* name : {"AGENT_PRIVATE_KEY", "AGENT_STATE_DIR", "AGENT_CAPACITY", "DOCKER_HOST",
                             "NATS_URL", "BSC_RPC_URL", "JOB_MANAGER_CONTRACT_ADDRESS"}) {
        INFO(name);
        CHECK(done.output.find(std::string(name) + ":") != std::string::npos);
    }
    CHECK(done.output.find("feedface") == std::string::npos);
}
