// Confirming and claiming a job by records that BSC's endpoints prove.
#include "services/node-agent/onchain/onchain_jobs.hpp"

#include <catch2/catch.hpp>

#include "contracts/job_manager.hpp"
#include "simulator/simulated_network.hpp"

using namespace lamda;
using namespace lamda::agent;
namespace jm = contracts::job_manager;
using simulator::EndpointPlan;
using simulator::Fault;
using txsender::Objection;

namespace {

const Address kContract = *Address::parse("0x2000000000000000000000000000000000000002");
const Address kSelf = *Address::parse("0x3000000000000000000000000000000000000003");
const Address kOther = *Address::parse("0x6000000000000000000000000000000000000006");

Bytes info(const Address& provider, std::uint64_t created, std::uint64_t confirmed) {
    jm::GetJobInfoResult out;
    out.provider = provider;
    out.created_at = created;
    out.confirmed_at = confirmed;
    return out.encode();
}

struct Scene {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    simulator::SimulatedNetwork network;
    rpcpool::MultiRpc rpc;
    OnchainJobs onchain;

    explicit Scene(const std::vector<Bytes>& records)
        : network(clock, chain, 1, plans(records)),
          rpc({network.urls(), ChainId{97}, Millis(1'000), 1, 1}, clock, telemetry::Log::none(), network),
          onchain(kContract, rpc, clock) {
        chain.finality_depth = 2;
        for (int i = 0; i < 8; ++i) {
            chain.mine();
        }
    }
    static std::vector<EndpointPlan> plans(const std::vector<Bytes>& records) {
        std::vector<EndpointPlan> out(records.size());
        for (std::size_t i = 0; i < records.size(); ++i) {
            out[i].url = "http://node" + std::to_string(i) + "/";
            out[i].call_result = records[i];
        }
        return out;
    }
    EndpointPlan& node(std::size_t i) { return network.plan(network.urls().at(i)); }
    Result<OnchainJob> final() { return onchain.final({JobId{}}).at(0); }
};

}  // namespace

TEST_CASE("an own final job may be confirmed, and claimed once its confirmation is final") {
    const auto count = GENERATE(1U, 2U, 3U);
    Scene scene(std::vector<Bytes>(count, info(kSelf, 100, 0)));
    CHECK_FALSE(objection_to_confirm(scene.final(), kSelf));
    const auto early = objection_to_claim(scene.final(), kSelf);
    REQUIRE(early);
    CHECK(early->kind == Objection::Kind::kPark);
    for (std::size_t i = 0; i < count; ++i) {
        scene.node(i).call_result = info(kSelf, 100, 200);
    }
    CHECK_FALSE(objection_to_claim(scene.final(), kSelf));
    CHECK(scene.onchain.latest(JobId{})->confirmed);
}

TEST_CASE("a record that is not final yet counts as absent") {
    Scene scene({info(kSelf, 100, 200)});
    scene.node(0).earlier_call_result =
        EndpointPlan::EarlierResult{scene.chain.height(), info(Address{}, 0, 0)};
    REQUIRE(scene.final());
    CHECK(objection_to_confirm(scene.final(), kSelf)->kind == Objection::Kind::kPark);
    CHECK(scene.onchain.latest(JobId{})->created);
}

TEST_CASE("Sceptical: no single endpoint of several makes the agent send") {
    const auto lie = GENERATE(info(kSelf, 100, 200), info(kSelf, 100, 0));
    Scene scene({lie, info(kOther, 100, 0), info(kOther, 100, 0)});
    for (const auto& objection :
         {objection_to_confirm(scene.final(), kSelf), objection_to_claim(scene.final(), kSelf)}) {
        REQUIRE(objection);
        CHECK(objection->kind == Objection::Kind::kUnanswered);
        CHECK(objection->reason.find("contradict one another") != std::string::npos);
    }
    scene.node(1).rates[Fault::kRefused] = scene.node(2).rates[Fault::kRefused] = 1;
    CHECK(objection_to_confirm(scene.final(), kSelf)->kind == Objection::Kind::kUnanswered);
}

TEST_CASE("another provider's job, an unknown job and another contract's answer are distinguished") {
    const auto of = [](const Result<Bytes>& answer) {
        return objection_to_confirm(read_record(answer), kSelf);
    };
    CHECK(of(info(kOther, 100, 0))->reason.find("another provider") != std::string::npos);
    CHECK(of(info(Address{}, 0, 0))->reason.find("not on chain") != std::string::npos);
    CHECK(of(Error{"reverted", "the call reverts", ""})->reason.find("not on chain") != std::string::npos);
    CHECK(of(Bytes(3, 1))->kind == Objection::Kind::kUnanswered);
    CHECK(of(Error{"unproven", "1 of 2 endpoints", ""})->kind == Objection::Kind::kUnanswered);
}
