// Start of a stream: its start block, and the configurations that it refuses.
#include "ingest/testing/stream_world.hpp"
#include "rpcpool/errors.hpp"

using namespace lamda;
using namespace lamda::ingest;

TEST_CASE("a configuration that contradicts the chain is refused at start, and the setting is named") {
    World world(11);
    for (int i = 0; i < 20; ++i) {
        world.mine(1);
    }
    world.config.settings = {"RPC_URL", "CHAIN_ID", "CONTRACT_ADDRESS", "START_BLOCK"};
    std::string named;
    SECTION("another chain id") {
        world.config.chain_id = ChainId{56};
        named = "RPC_URL: every endpoint is on another chain than 56";
    }
    SECTION("no contract there") {
        world.config.contracts = {kOther};
        named = "CONTRACT_ADDRESS: there is no contract";
    }
    SECTION("a start block far above the head") {
        world.config.start_block = BlockNum{2'000};
        named = "START_BLOCK: block 2000";
    }
    const auto insist = [&] {
        for (int i = 0; i < 3; ++i) {
            try {
                world.step();
            } catch (const rpcpool::NotReadyYet&) {
                continue;
            }
        }
    };
    CHECK_THROWS_AS(insist(), rpcpool::ConfigContradiction);
    CHECK_THROWS_WITH(insist(), Catch::StartsWith(named));
    CHECK_FALSE(world.sink.at);
}

TEST_CASE("a checkpoint of another chain or contract is refused, and stays") {
    World world(11);
    world.mine(1);
    world.config.settings = {"RPC_URL", "CHAIN_ID", "CONTRACT_ADDRESS", "START_BLOCK"};
    world.config.chain_id.reset();
    world.sink.at = BlockRef{BlockNum{7}, BlockHash{}};
    std::string named;
    SECTION("another chain") {
        world.sink.bound = Watched{ChainId{56}, {kContract}};
        named = "RPC_URL: ";
    }
    SECTION("another contract") {
        world.sink.bound = Watched{ChainId{97}, {kOther}};
        named = "CONTRACT_ADDRESS: the database holds";
    }
    CHECK_THROWS_AS(world.step(), rpcpool::ConfigContradiction);
    CHECK_THROWS_WITH(world.step(), Catch::StartsWith(named));
    CHECK(world.sink.at == BlockRef{BlockNum{7}, BlockHash{}});
}

TEST_CASE("a node that is far behind does not contradict the configuration, for two minutes") {
    World world(11);
    for (int i = 0; i < 200; ++i) {
        world.mine(1);
    }
    world.chain.set_code(kContract, {100});
    world.config.start_block = BlockNum{150};
    world.plan().rates[Fault::kLag] = 1;
    world.plan().lag = 150;
    for (int i = 0; i < 20; ++i) {
        CHECK_THROWS_AS(world.step(), rpcpool::NotReadyYet);
        world.clock.advance(Millis(5'000));
    }
    SECTION("when it has caught up, the stream starts") {
        world.settle();
        CHECK(world.sink.rows.size() == 51);
    }
    SECTION("when it stays behind, the configuration is refused") {
        world.clock.advance(Millis(21'000));
        CHECK_THROWS_AS(world.step(), rpcpool::ConfigContradiction);
    }
}

TEST_CASE("a start block slightly above the head is waited for") {
    World world(11);
    for (int i = 0; i < 20; ++i) {
        world.mine(1);
    }
    world.config.start_block = BlockNum{23};
    CHECK_THROWS_AS(world.step(), rpcpool::NotReadyYet);
    for (int i = 0; i < 5; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.sink.rows.size() == 3);
}

TEST_CASE("the start block is found where the contract was created") {
    World world(12);
    world.config.start_block.reset();
    world.chain.set_code(kContract, {37});
    for (int i = 0; i < 200; ++i) {
        world.mine(i >= 40 ? 1 : 0);
    }
    world.step();
    CHECK(world.sink.at->number >= BlockNum{36});
    world.settle();
    CHECK(world.difference(200) == "");
    CHECK(world.sink.headers.begin()->first >= BlockNum{36});
}

TEST_CASE("old state that no endpoint has contradicts nothing: the stream waits and names the setting") {
    World world(12, {World::endpoint("one"), World::endpoint("two")});
    world.config.settings.start_block = "START_BLOCK";
    world.config.start_block.reset();
    world.chain.set_code(kContract, {37});
    for (int i = 0; i < 200; ++i) {
        world.mine(i >= 40 ? 1 : 0);
    }
    const auto urls = world.network.urls();
    world.plan().state_pruned_below = 190;
    auto& second = world.network.plan(urls.back());
    SECTION("for as long as it takes") {
        second.state_pruned_below = 190;
        for (int i = 0; i < 30; ++i) {
            CHECK_THROWS_AS(world.step(), eth::RpcError);
            CHECK_THROWS_WITH(world.step(), Catch::StartsWith("START_BLOCK is not set") &&
                                                Catch::Contains("missing trie node"));
            world.mine();
            world.clock.advance(Millis(10'000));
            CHECK_FALSE(world.sink.at);
        }
        second.state_pruned_below = 0;
    }
    SECTION("another endpoint has it") {}
    world.settle();
    CHECK(world.difference(world.chain.height()) == "");
    CHECK(world.sink.headers.begin()->first >= BlockNum{36});
}

TEST_CASE("a configured start block excludes earlier logs") {
    World world(13);
    world.config.start_block = BlockNum{90};
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.sink.rows.size() == 11);
    CHECK(world.sink.rows.front().block_num == BlockNum{90});
}
