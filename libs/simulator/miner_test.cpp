// Tests of Miner: the properties that comparisons against it rely on.
#include "simulator/miner.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "eth/codec/receipts_root.hpp"

using namespace lamda;
using namespace lamda::simulator;

namespace {

const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
const Topic kTopic = *Topic::parse("0x" + std::string(64, 'a'));

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    ScriptedChain chain;
    Miner miner;

    explicit World(MinerPlan plan)
        : chain(1, clock, plan.age()), miner(prepared(chain), clock, with_contract(plan)) {}
    static ScriptedChain& prepared(ScriptedChain& chain) {
        chain.finality_depth = 16;
        return chain;
    }
    static MinerPlan with_contract(MinerPlan plan) {
        plan.contract = kContract;
        plan.topic = kTopic;
        return plan;
    }
    void run(Millis time) {
        for (Millis passed{0}; passed < time; passed += Millis(100)) {
            clock.advance(Millis(100));
            miner.run_until(clock.now());
        }
    }
};

}  // namespace

TEST_CASE("the backlog ends now; after it a block is mined in each interval, also above the end height") {
    World world({.seed = 3, .interval = Millis(450), .backlog = 100, .end_height = 120, .reorg = 0});
    CHECK(world.chain.height() == 100);
    CHECK(from_unix_seconds(world.chain.at(100).timestamp) == world.clock.now());
    CHECK(world.chain.at(80).timestamp + 9 == world.chain.at(100).timestamp);
    CHECK(world.miner.quiet_after() == Millis(9'000));
    world.run(Millis(9'000));
    CHECK(world.chain.height() == 120);
    CHECK(world.miner.quiet());
    const auto logs = world.chain.canonical_logs(kContract).size();
    CHECK(logs > 20);
    world.run(Millis(9'000));
    CHECK(world.chain.height() == 140);
    CHECK(world.chain.canonical_logs(kContract).size() == logs);
}

TEST_CASE("reorgs stop at finality, and the resulting chain has correct blooms and positions") {
    World world({.seed = 4, .backlog = 50, .end_height = 250, .reorg = 0.2, .deepest = 60});
    BlockHash final_block;
    std::uint64_t final_number = 0;
    for (int i = 0; i < 200; ++i) {
        world.run(Millis(450));
        if (final_number > 0) {
            REQUIRE(world.chain.at(final_number).hash == final_block);
        }
        final_number = world.chain.finalized();
        final_block = world.chain.at(final_number).hash;
    }
    CHECK(world.miner.reorgs() > 10);
    CHECK(world.miner.deepest_reorg() > 8);
    CHECK(world.miner.deepest_reorg() <= 17);
    std::set<Bytes> seen;
    for (std::uint64_t n = 1; n <= world.chain.height(); ++n) {
        const auto& block = *world.chain.branch().at(n);
        REQUIRE(block.header.parent_hash == world.chain.at(n - 1).hash);
        REQUIRE(block.header.timestamp >= world.chain.at(n - 1).timestamp);
        REQUIRE(block.header.logs_bloom == bloom_of(block.receipts));
        REQUIRE(eth::check_receipts(block.header, block.receipts));
        std::uint64_t index = 0;
        for (const auto& receipt : block.receipts) {
            for (const auto& log : receipt.logs) {
                REQUIRE(log.log_index == index++);
                REQUIRE(log.block_hash == block.header.hash);
                REQUIRE(seen.insert(log.data).second);  // moved, never duplicated
            }
        }
    }
}

TEST_CASE("the same seed gives the same chain, another seed another chain") {
    const auto head = [](std::uint64_t seed) {
        World world({.seed = seed, .backlog = 20, .end_height = 80, .reorg = 0.2});
        world.run(Millis(40'000));
        std::string out = world.chain.at(world.chain.height()).hash.hex();
        for (const auto& log : world.chain.canonical_logs(kContract)) {
            out += to_hex(log.data) + std::to_string(log.block_num.value);
        }
        return out;
    };
    CHECK(head(1) == head(1));
    CHECK(head(1) != head(2));
}
