// A `finalized` block that differs between endpoints by one, or steps back by one, is normal.
#include "ingest/testing/stream_world.hpp"

using namespace lamda;
using namespace lamda::ingest;

namespace {

/// A stream that runs for a while beside a growing chain. Everything that its health said is kept.
struct RunningStream : World {
    telemetry::Health health;
    std::stop_source stop;
    std::vector<std::string> troubles;  ///< after the stream was ready once
    bool was_ready = false;
    std::vector<BlockNum> final_told;  ///< each other value in its order

    RunningStream() : World(31, {endpoint("one"), endpoint("two")}) {
        for (int i = 0; i < 100; ++i) {
            mine(1);
        }
    }
    void run(Millis time, unsigned agreement) {
        rpcpool::MultiRpc endpoints({.urls = network.urls(),
                                     .chain = ChainId{97},
                                     .timeout = Millis(1'000),
                                     .agreement = agreement,
                                     .jitter_seed = 1},
                                    clock, log, network);
        LogStream stream(config, endpoints, sink, clock, log, metrics, health);
        const auto end = clock.steady() + time;
        auto next_block = clock.now() + Millis(450);
        network.meanwhile = [&](Timestamp now) {
            if (now >= next_block) {
                next_block += Millis(450);
                chain.mine({log_of(kContract, kTopic)});
            }
            observe();
            if (clock.steady() >= end) {
                stop.request_stop();
            }
        };
        stream.run(stop.get_token());
    }
    void observe() {
        const auto checks = health.checks();
        const auto& check = checks.at("chain:test:chain");
        was_ready = was_ready || check.ok;
        if (was_ready && !check.ok) {
            troubles.push_back(check.detail);
        }
        if (final_told.empty() || final_told.back() != sink.told_finalized) {
            final_told.push_back(sink.told_finalized);
        }
    }
};

}  // namespace

TEST_CASE("finalized that steps back by a block, or is one behind at an endpoint, disturbs no stream") {
    RunningStream world;
    const auto second = world.network.urls().back();
    world.config.only_final = GENERATE(false, true);
    const unsigned agreement = GENERATE(1U, 2U);
    SECTION("one endpoint steps back and forth") {
        world.plan().rates[Fault::kFinalizedBehind] = 0.5;
    }
    SECTION("one endpoint is behind, and they are asked in turn") {
        world.network.plan(second).rates[Fault::kFinalizedBehind] = 1;
        world.plan().rates[Fault::kOwnTrouble] = 0.3;
    }
    SECTION("one endpoint names no finalized block at times") {
        world.plan().rates[Fault::kNoFinalized] = 0.5;
        world.network.plan(second).rates[Fault::kNoFinalized] = 0.5;
    }
    world.run(Millis(120'000), agreement);
    CHECK(world.was_ready);
    CHECK(world.troubles == std::vector<std::string>{});
    CHECK(world.sink.unwinds == 0);
    CHECK(std::is_sorted(world.final_told.begin(), world.final_told.end()));
    CHECK(world.final_told.back() + 8 >= BlockNum{world.chain.finalized()});
    CHECK(world.difference(world.sink.at->number.value) == "");
}

TEST_CASE(
    "an endpoint whose finalized block stands still for hours is no trouble while another names a young "
    "one") {
    World world(32, {World::endpoint("one"), World::endpoint("two")});
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.config.finality.max_age = Millis(30'000);
    world.settle();
    world.plan().rates[Fault::kStaleFinalized] = 1;  // stands still from the next question on
    world.step();
    std::size_t troubled = 0;
    for (int i = 0; i < 400; ++i) {
        world.mine(1);
        world.rpc->endpoints().failed(i % 2, std::runtime_error("rests, so that the other one is asked"));
        world.step();
        troubled += world.reader->last_error().empty() ? 0 : 1;
    }
    CHECK(world.network.calls(world.network.urls().front()) > 400);
    CHECK(troubled == 0);
    CHECK(world.sink.told_finalized + 60 >= BlockNum{world.chain.finalized()});
}
