// The finality rule `latest`: blocks are reported at once, and final blocks only limit how deep a reorg may
// be.
#include "ingest/testing/stream_world.hpp"

using namespace lamda;
using namespace lamda::ingest;

TEST_CASE("a node without the finalized tag serves a stream that does not need it") {
    World world(8);
    world.chain.has_finalized = false;
    world.config.finality = *parse_finality("latest");
    for (int i = 0; i < 300; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.difference(300) == "");
    CHECK(world.sink.last_boundary == BlockNum{300});
    world.chain.reorg(50);
    for (int i = 0; i < 60; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.difference(310) == "");
}

TEST_CASE(
    "under the rule `latest` the final block is read once a second, and each block is reported at once") {
    World world(12);
    world.config.finality = *parse_finality("latest");
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    int readings = 0;
    world.network.trace = [&](const std::string& line) {
        readings += line.find("finalized") != std::string::npos ? 1 : 0;
    };
    constexpr int kBlocks = 20;  // 9 s
    for (int i = 1; i <= kBlocks; ++i) {
        world.mine(1);
        world.step();
        CHECK(world.sink.last_boundary == BlockNum{100U + static_cast<unsigned>(i)});
    }
    CHECK(readings >= 5);
    CHECK(readings <= 10);
    CHECK(world.sink.last_finalized.value + 4 > world.chain.finalized());
}
