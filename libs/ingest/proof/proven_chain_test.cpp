// ProvenChain: a minority of lying endpoints delays a proof, and cannot forge one.
#include "ingest/proof/proven_chain.hpp"

#include <catch2/catch.hpp>

#include "ingest/testing/stream_world.hpp"

using namespace lamda;
using namespace lamda::ingest;
using simulator::Lies;

namespace {

constexpr std::uint64_t kDepth = 4;

Lies lie(Lies::What what, Lies::Depth depth, double share = 1) {
    Lies out;
    out.what = what;
    out.depth = depth;
    out.share = share;
    out.invented = World::log_of(kContract, kTopic);
    return out;
}

std::vector<EndpointPlan> endpoints(std::size_t count) {
    std::vector<EndpointPlan> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(World::endpoint(("node" + std::to_string(i)).c_str()));
    }
    return out;
}

struct ProvenWorld : World {
    ProvenChain proven;

    explicit ProvenWorld(std::uint64_t seed, std::vector<EndpointPlan> plans, int blocks = 24)
        : World(seed, std::move(plans)), proven(rpc_of(), {{kContract}, {kTopic}, {}}, clock, 1) {
        chain.finality_depth = kDepth;
        for (int i = 0; i < blocks; ++i) {
            mine_random();
        }
    }
    rpcpool::MultiRpc& rpc_of() {
        rpcpool::RpcConfig how;
        how.urls = network.urls();
        how.chain = ChainId{97};
        how.timeout = Millis(1'000);
        how.jitter_seed = 1;
        rpc = std::make_unique<rpcpool::MultiRpc>(how, clock, log, network);
        return *rpc;
    }
    std::vector<eth::Log> truth(std::uint64_t block) {
        auto logs = expected(block);
        std::erase_if(logs, [&](const auto& one) { return one.block_num.value != block; });
        return logs;
    }
    EndpointPlan& node(std::size_t i) { return network.plan(network.urls().at(i)); }
};

}  // namespace

TEST_CASE("endpoints that agree prove every final block, and none above") {
    ProvenWorld world(1, endpoints(GENERATE(1U, 2U, 3U)));
    world.proven.begin();
    const auto final = world.chain.height() - kDepth;
    REQUIRE(world.proven.final() == BlockNum{final});
    for (std::uint64_t n = 0; n <= final; ++n) {
        const auto block = world.proven.block(BlockNum{n});
        REQUIRE(block);
        CHECK(block->header.ref == world.chain.at(n).ref());
        CHECK(block->logs == world.truth(n));
    }
    CHECK(world.proven.block(BlockNum{final + 1}).error().code == "unproven");
    const auto at_once = world.proven.blocks({BlockNum{final + 1}});
    CHECK(at_once.at(0).error().code == "unproven");
}

TEST_CASE("Sceptical: in a thousand runs no minority of liars proves a block that is not on chain") {
    std::size_t proven = 0;
    std::size_t contradicted = 0;
    for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
        std::mt19937_64 dice(seed);
        const auto count = 2 + dice() % 4;
        // One of two endpoints is no minority; both must agree.
        const auto liars = count == 2 ? 1 : 1 + dice() % ((count - 1) / 2);
        auto plans = endpoints(count);
        for (std::size_t i = 0; i < liars; ++i) {
            auto& lies =
                plans[i].lies.emplace(lie(static_cast<Lies::What>(dice() % 3),
                                          static_cast<Lies::Depth>(dice() % 3), dice() % 2 == 0 ? 1 : 0.3));
            lies.all_final = dice() % 2 == 0;
            plans[i].call_result = Bytes(32, 0x66);
        }
        for (auto i = liars; i < count; ++i) {
            if (dice() % 3 == 0) {
                plans[i].rates[Fault::kRefused] = 0.5;
            }
            plans[i].no_receipts = i + 1 < count && dice() % 4 == 0;
        }
        std::shuffle(plans.begin(), plans.end(), dice);
        ProvenWorld world(seed, plans, 16);
        for (int round = 0; round < 2; ++round) {
            world.proven.begin();
            for (auto n = world.chain.height() - 8; n <= world.chain.height(); ++n) {
                const auto block = world.proven.block(BlockNum{n});
                if (!block) {
                    contradicted += block.error().code == "contradiction" ? 1 : 0;
                    continue;
                }
                ++proven;
                INFO("seed " << seed << ", block " << n);
                REQUIRE(n <= world.chain.finalized());
                REQUIRE(block->header.ref == world.chain.at(n).ref());
                REQUIRE(block->logs == world.truth(n));
            }
            for (const auto& call : world.proven.calls({eth::CallRequest{}})) {
                REQUIRE((!call || *call != Bytes(32, 0x66)));
            }
            world.clock.advance(Millis(70'000));
        }
    }
    CHECK(proven > 1'000);
    CHECK(contradicted > 1'000);
}

TEST_CASE("an easily detected lie does not delay a proof") {
    auto plans = endpoints(3);
    plans[0].lies = lie(Lies::What::kInvent, GENERATE(Lies::Depth::kLogs, Lies::Depth::kHeader));
    ProvenWorld world(7, plans);
    world.proven.begin();
    for (std::uint64_t n = 0; n <= world.chain.finalized(); ++n) {
        const auto block = world.proven.block(BlockNum{n});
        REQUIRE(block);
        CHECK(block->logs == world.truth(n));
    }
}

TEST_CASE("a proof waits while too few endpoints answer, and reports how many are missing") {
    auto plans = endpoints(3);
    plans[1].rates[Fault::kRefused] = plans[2].rates[Fault::kRefused] = 1;
    ProvenWorld world(3, plans);
    world.proven.begin();
    const auto waits = world.proven.block(BlockNum{5});
    CHECK(waits.error().code == "unproven");
    CHECK(waits.error().message.find("1 of 2 endpoints that are needed") != std::string::npos);
    CHECK_FALSE(world.proven.final());
    world.node(2).rates.clear();
    world.clock.advance(Millis(70'000));
    world.proven.begin();
    CHECK(world.proven.block(BlockNum{5}));
}

TEST_CASE("a contradiction names both endpoints") {
    auto plans = endpoints(2);
    plans[1].lies = lie(Lies::What::kHide, Lies::Depth::kFork);
    ProvenWorld world(5, plans);
    world.proven.begin();
    auto found = world.proven.block(BlockNum{world.chain.finalized()});
    REQUIRE_FALSE(found);
    CHECK(found.error().code == "contradiction");
    CHECK(found.error().message.find("node0") != std::string::npos);
    CHECK(found.error().message.find("node1") != std::string::npos);
}

TEST_CASE("an endpoint on another chain neither proves nor contradicts") {
    auto plans = endpoints(3);
    plans[2].chain = ChainId{56};
    ProvenWorld world(9, plans);
    world.rpc->header(eth::BlockSpec(eth::Tag::kLatest));
    world.proven.begin();
    world.proven.begin();
    CHECK(world.proven.block(BlockNum{5}));
}

TEST_CASE("the result of a call is the one that a majority gives and no endpoint contradicts") {
    ProvenWorld world(11, endpoints(3));
    world.proven.begin();
    CHECK(world.proven.calls({eth::CallRequest{}}).at(0));
    world.node(0).call_result = Bytes(32, 1);
    CHECK(world.proven.calls({eth::CallRequest{}}).at(0).error().code == "contradiction");
    world.node(0).rates[Fault::kRefused] = 1;
    CHECK(world.proven.calls({eth::CallRequest{}}).at(0));
    world.node(1).rates[Fault::kRefused] = 1;
    CHECK(world.proven.calls({eth::CallRequest{}}).at(0).error().code == "unproven");
}
