// A `finalized` block that differs between endpoints by one, or goes back by one, is normal.
#include "ingest/testing/stream_world.hpp"

using namespace lamda;
using namespace lamda::ingest;

namespace {

/// A stream that runs while a chain grows. Records every error of its health check.
struct RunningStream : World {
    telemetry::Health health;
    std::stop_source stop;
    std::vector<std::string> errors;  ///< after the stream was ready once
    bool was_ready = false;
    std::vector<BlockNum> finals;  ///< each new value in its order

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
        LogStream stream(config, endpoints, sink, {clock, log, metrics, health});
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
            errors.push_back(check.detail);
        }
        if (finals.empty() || finals.back() != sink.last_finalized) {
            finals.push_back(sink.last_finalized);
        }
    }
};

}  // namespace

TEST_CASE("finalized that goes back by a block, or is one behind at an endpoint, disturbs no stream") {
    RunningStream world;
    const auto second = world.network.urls().back();
    world.config.only_final = GENERATE(false, true);
    const unsigned agreement = GENERATE(1U, 2U);
    SECTION("one endpoint alternates between two blocks") {
        world.plan().rates[Fault::kFinalizedBehind] = 0.5;
    }
    SECTION("one endpoint is behind, and they are called in turn") {
        world.network.plan(second).rates[Fault::kFinalizedBehind] = 1;
        world.plan().rates[Fault::kOwnTrouble] = 0.3;
    }
    SECTION("one endpoint reports no finalized block at times") {
        world.plan().rates[Fault::kNoFinalized] = 0.5;
        world.network.plan(second).rates[Fault::kNoFinalized] = 0.5;
    }
    world.run(Millis(120'000), agreement);
    CHECK(world.was_ready);
    CHECK(world.errors == std::vector<std::string>{});
    CHECK(world.sink.unwinds == 0);
    CHECK(std::is_sorted(world.finals.begin(), world.finals.end()));
    CHECK(world.finals.back() + 8 >= BlockNum{world.chain.finalized()});
    CHECK(world.difference(world.sink.at->number.value) == "");
}

TEST_CASE(
    "an endpoint whose finalized block is stalled for hours causes no error while another reports a recent "
    "one") {
    World world(32, {World::endpoint("one"), World::endpoint("two")});
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.config.finality.max_age = Millis(30'000);
    world.settle();
    world.plan().rates[Fault::kStaleFinalized] = 1;  // stalled from the next call on
    world.step();
    std::size_t errors = 0;
    for (int i = 0; i < 400; ++i) {
        world.mine(1);
        world.rpc->endpoints().failed(i % 2,
                                      std::runtime_error("backs off, so that the other one is called"));
        world.step();
        errors += world.reader->last_error().empty() ? 0 : 1;
    }
    CHECK(world.network.calls(world.network.urls().front()) > 400);
    CHECK(errors == 0);
    CHECK(world.sink.last_finalized + 60 >= BlockNum{world.chain.finalized()});
}
