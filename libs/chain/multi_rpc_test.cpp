// Several endpoints behind one: who is asked, who is left alone, who is never used.
#include "chain/multi_rpc.hpp"

#include <catch2/catch.hpp>

#include "simulator/scripted_chain.hpp"

using namespace lamda;
using namespace lamda::chain;
using simulator::ScriptedChain;

namespace {

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    ScriptedChain* first = nullptr;
    ScriptedChain* second = nullptr;
    std::unique_ptr<MultiRpc> rpc;

    explicit World(std::optional<ChainId> expected = ChainId{97}) {
        auto a = std::make_unique<ScriptedChain>(1, clock);
        auto b = std::make_unique<ScriptedChain>(2, clock);
        first = a.get();
        second = b.get();
        second->mine();  // so that their answers differ
        std::vector<std::unique_ptr<eth::Rpc>> endpoints;
        endpoints.push_back(std::move(a));
        endpoints.push_back(std::move(b));
        rpc = std::make_unique<MultiRpc>(std::move(endpoints), expected, clock, telemetry::Log::none());
    }
};

}  // namespace

TEST_CASE("an endpoint that fails is left alone for a while that grows, and then asked again") {
    World world;
    CHECK(world.rpc->block_number() == BlockNum{0});
    world.first->faults.fail = 1;
    for (int i = 0; i < 8;
         ++i) {  // whatever kind of failure it is: an error object is an answer, not a failure
        try {
            CHECK(world.rpc->block_number() == BlockNum{1});
        } catch (const eth::RpcError&) {
            continue;
        }
    }
    CHECK(world.rpc->block_number() == BlockNum{1});
    const auto calls = world.first->calls;
    CHECK(world.rpc->block_number() == BlockNum{1});
    CHECK(world.first->calls == calls);
    world.first->faults.fail = 0;
    world.second->faults.fail = 1;
    world.clock.advance(Millis(120'000));
    std::optional<BlockNum> answer;
    for (int i = 0; i < 50 && !answer; ++i) {
        try {
            answer = world.rpc->block_number();
        } catch (const eth::RpcError&) {
            continue;
        }
    }
    CHECK(answer == BlockNum{0});
}

TEST_CASE("an endpoint on another chain is never used") {
    World world;
    world.first->id = ChainId{1};
    CHECK(world.rpc->chain_id() == ChainId{97});
    CHECK(world.rpc->block_number() == BlockNum{1});
    CHECK(world.first->calls == 0);
}

TEST_CASE("all endpoints on another chain contradict the configuration") {
    World world;
    world.first->id = ChainId{1};
    world.second->id = ChainId{56};
    CHECK_THROWS_AS(world.rpc->block_number(), ConfigContradiction);
}

TEST_CASE("without an expected chain, that of the first to answer is kept to") {
    World world(std::nullopt);
    world.second->id = ChainId{56};
    CHECK(world.rpc->chain_id() == ChainId{97});
    world.first->faults.fail = 1;
    bool failed = false;
    for (int i = 0; i < 20; ++i) {
        try {
            world.rpc->block_number();
        } catch (const ConfigContradiction&) {
            FAIL("one endpoint was right once");
        } catch (const std::exception&) {
            failed = true;
        }
    }
    CHECK(failed);
}
