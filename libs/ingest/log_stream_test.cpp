// LogStream against a scripted chain under lag, false answers, failures and reorgs.
#include <thread>

#include "ingest/testing/stream_world.hpp"
#include "rpcpool/errors.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::ingest;

TEST_CASE("a stream reads the history and follows the head, each log once") {
    World world(1);
    for (int i = 0; i < 500; ++i) {
        world.mine(i % 7 == 0 ? 2 : 0, i % 3);
    }
    world.settle();
    CHECK(world.difference(500) == "");
    CHECK(world.sink.rows.size() == 144);
    CHECK(world.sink.caught_up);
    CHECK(world.sink.history.front());
    CHECK_FALSE(world.sink.history.back());
    CHECK(std::is_partitioned(world.sink.history.begin(), world.sink.history.end(),
                              [](bool history) { return history; }));
    CHECK(world.sink.bound == Watched{ChainId{97}, {kContract}});
    world.mine(1);
    CHECK(world.step() == StreamReader::Progress::kNewBlock);
    CHECK(world.difference(501) == "");
    CHECK(world.sink.at->number == BlockNum{501});
}

TEST_CASE("a reorg unwinds to the last common block and reads the other branch") {
    World world(2);
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    world.chain.reorg(5);
    SECTION("a longer branch") {
        for (int i = 0; i < 7; ++i) {
            world.mine(1);
        }
    }
    SECTION("a branch of equal height is noticed before the next block") {
        for (int i = 0; i < 5; ++i) {
            world.mine(1);
        }
    }
    SECTION("a shorter branch") {
        for (int i = 0; i < 3; ++i) {
            world.mine(1);
        }
    }
    world.settle();
    CHECK(world.sink.unwinds == 1);
    CHECK(world.sink.deepest_unwind == 5);
    CHECK(world.difference(world.chain.height()) == "");
}

TEST_CASE("a reorg whose blocks are final before it is seen is still followed") {
    World world(3);
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    world.chain.reorg(20);
    for (int i = 0; i < 150; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.difference(world.chain.height()) == "");
}

TEST_CASE("a reorg below finality stops the stream and deletes nothing") {
    World world(4);
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    const auto rows = world.sink.rows;
    const bool restarted = GENERATE(false, true);
    world.chain.respects_finality = false;
    world.chain.reorg(40);
    for (int i = 0; i < 60; ++i) {
        world.mine(1);
    }
    if (restarted) {
        world.restart();
    }
    const auto run = [&](Millis time) {
        for (Millis passed{0}; passed < time; passed += Millis(450)) {
            world.mine(1);
            world.step();
        }
    };
    run(Millis(9'000));  // it may be one node on an old fork
    CHECK_THROWS_AS(run(Millis(5'000)), FinalityViolated);
    CHECK(bool(world.sink.rows == rows));
    CHECK(world.sink.unwinds == 0);
}

TEST_CASE("a node left on an old fork violates no finality") {
    World world(4);
    world.chain.finality_depth = 2;
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    world.chain.reorg(2);
    for (int i = 0; i < 2; ++i) {
        world.mine(1);
    }
    // For five seconds it shows the old branch to some calls; the new branch is final long before.
    world.plan().balanced = true;
    world.plan().rates[Fault::kStaleFork] = 0.7;
    for (int i = 0; i < 300; ++i) {
        if (i % 8 == 0) {
            world.mine(1);
        }
        world.clock.advance(Millis(50));
        try {
            world.step();
        } catch (const FinalityViolated& error) {
            FAIL(error.what());
        } catch (const std::exception&) {
            world.reader->forget();
        }
    }
    world.settle();
    CHECK(world.difference(world.chain.height()) == "");
}

TEST_CASE("a head that goes back is lag, not a reorg") {
    World world(5);
    for (int i = 0; i < 60; ++i) {
        world.mine(1);
    }
    world.settle();
    world.plan().balanced = true;
    world.plan().lag = 10;
    world.plan().rates[Fault::kLag] = 0.5;
    for (int i = 0; i < 50; ++i) {
        world.step();
    }
    CHECK(world.sink.unwinds == 0);
    CHECK(world.difference(60) == "");
}

TEST_CASE("an only_final stream delivers nothing above the boundary") {
    World world(6);
    world.config.only_final = true;
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.sink.at->number == BlockNum{68});
    CHECK(world.difference(68) == "");
    CHECK(world.sink.caught_up);
}

TEST_CASE("a finalized tag that is too old is waited for, or replaced by a depth in time") {
    World world(7);
    world.config.only_final = true;
    world.config.finality.max_age = Millis(5'000);
    SECTION("without fallback no block is delivered, and the reason is shown") {
        for (int i = 0; i < 100; ++i) {
            world.mine(1);
        }
        for (int i = 0; i < 5; ++i) {
            CHECK(world.step() == StreamReader::Progress::kWaiting);
        }
        CHECK_FALSE(world.sink.caught_up);
        CHECK(world.sink.rows.empty());
        CHECK(world.reader->last_error().find("old, allowed are 5s") != std::string::npos);
    }
    SECTION("with a fallback, blocks that old are delivered") {
        world.config.finality.fallback = Millis(9'000);
        for (int i = 0; i < 100; ++i) {
            world.mine(1);
        }
        world.settle();
        CHECK(world.sink.at->number.value >= 70);
        CHECK(world.sink.at->number.value <= 80);
        CHECK(world.difference(world.sink.at->number.value) == "");
    }
}

TEST_CASE("a range limit is learned, whatever the error text") {
    World world(9);
    world.plan().range_limit = 10;
    for (int i = 0; i < 600; ++i) {
        world.mine(i % 5 == 0 ? 1 : 0);
    }
    for (int i = 0; i < 40; ++i) {
        world.step();
    }
    CHECK(world.difference(600) == "");
}

TEST_CASE("logs of a node that refuses eth_getLogs are read from receipts") {
    World world(10);
    world.plan().no_logs = true;
    for (int i = 0; i < 400; ++i) {
        world.mine(i % 5 == 0 ? 1 : 0, i % 2);
    }
    for (int i = 0; i < 40; ++i) {
        world.step();
    }
    CHECK(world.difference(400) == "");
}

TEST_CASE("an endpoint that is far behind does not delay a backfill") {
    World world(11, {World::endpoint("one"), World::endpoint("two")});
    for (int i = 0; i < 1'000; ++i) {
        world.mine(i < 500 ? 0 : 1);
    }
    auto& behind = world.network.plan(world.network.urls().back());
    behind.rates[Fault::kLag] = 1;
    behind.lag = 900;
    behind.range_limit = world.plan().range_limit = 10;
    world.restart();
    for (int i = 0; i < 3; ++i) {  // until the head of each endpoint is known
        world.rpc->probe();
        world.clock.advance(Millis(6'000));
    }
    const auto before = world.network.calls(behind.url);
    for (int i = 0; i < 100 && !world.sink.caught_up; ++i) {
        try {
            world.step();
        } catch (const rpcpool::NotReadyYet&) {
            world.reader->forget();
        }
        world.clock.advance(Millis(200));
    }
    CHECK(world.sink.caught_up);
    CHECK(world.difference(1'000) == "");
    CHECK(world.network.calls(behind.url) - before < 500);  // probes, and blocks that it has
}

TEST_CASE("without receipts, an empty answer is accepted only when all logs of the block confirm it") {
    World world(11);
    for (int i = 0; i < 100; ++i) {
        world.mine(i % 2, 1);
    }
    // Some nodes behind this address lack the newest blocks, and answer that these have no logs.
    world.plan().balanced = true;
    world.plan().no_receipts = true;
    world.plan().rates[Fault::kLag] = 0.7;
    world.plan().lag = 30;
    for (int i = 0; i < 400; ++i) {
        try {
            world.step();
        } catch (const rpcpool::NotReadyYet&) {
            continue;
        }
    }
    CHECK(world.network.counts()[Fault::kFalseEmpty] > 10);
    CHECK(world.sink.at->number == BlockNum{100});
    CHECK(world.difference(100) == "");
}

TEST_CASE("invariant 1, complete: after any faults the rows equal the canonical chain") {
    std::size_t reorgs = 0;
    std::size_t rows = 0;
    const auto seeds = 300U;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        INFO("seed " << seed);
        World world(seed * 7919);
        auto& random = world.chain.random();
        const auto pick = [&](std::uint64_t most) {
            return std::uniform_int_distribution<std::uint64_t>(0, most)(random);
        };
        world.sink.chance = [&](double share) { return world.chain.chance(share); };
        world.config.only_final = pick(3) == 0;
        world.chain.has_finalized = world.config.only_final || pick(5) != 0;
        if (!world.config.only_final) {
            world.config.finality = *parse_finality(pick(1) == 0 ? "latest" : "finalized");
        }
        for (auto n = pick(400); n > 0; --n) {
            world.mine_random();
        }
        auto& plan = world.plan();
        plan.balanced = true;
        plan.lag = 1 + pick(6);
        plan.range_limit = pick(2) == 0 ? 1 + pick(100) : 0;
        plan.no_logs = pick(5) == 0;
        for (const auto fault : {Fault::kRefused, Fault::kServerError, Fault::kCut, Fault::kGarbage,
                                 Fault::kTooMany, Fault::kForgotten}) {
            plan.rates[fault] = pick(1) == 0 ? 0.01 : 0.0;
        }
        plan.rates[Fault::kLag] = pick(1) == 0 ? 0.3 : 0.0;
        plan.rates[Fault::kStaleFork] = pick(1) == 0 ? 0.3 : 0.0;
        world.sink.fail = 0.03;
        for (int turn = 0; turn < 60; ++turn) {
            switch (pick(9)) {
                case 0: {
                    const auto depth = std::min(1 + pick(28), world.chain.height());
                    world.chain.reorg(depth);
                    for (auto n = depth + pick(3); n > pick(2); --n) {
                        world.mine_random();
                    }
                    break;
                }
                case 1:
                    world.restart();
                    break;
                default:
                    for (auto n = pick(3); n > 0; --n) {
                        world.mine_random();
                    }
            }
            try {
                world.step();
            } catch (const FinalityViolated&) {
                throw;
            } catch (const rpcpool::ConfigContradiction&) {
                throw;
            } catch (const std::logic_error&) {
                throw;
            } catch (const std::exception&) {
                world.reader->forget();
            }
        }
        for (int i = 0; i < 33; ++i) {
            world.mine(i % 2);  // so that the final block is recent again, after any number of reorgs
        }
        world.settle();
        const auto until = world.config.only_final ? world.sink.at->number.value : world.chain.height();
        if (world.config.only_final) {
            REQUIRE(world.sink.at->number.value == world.chain.header(eth::Tag::kFinalized)->number.value);
        } else {
            REQUIRE(world.sink.at->number.value == world.chain.height());
        }
        REQUIRE(world.difference(until) == "");
        reorgs += world.sink.unwinds;
        rows += world.sink.rows.size();
    }
    WARN(seeds << " seeds: " << rows << " rows, " << reorgs << " unwinds");
    CHECK(reorgs > seeds / 4);
}

TEST_CASE("a stream runs on its own thread until it is stopped, and shows its health") {
    World world(14);
    for (int i = 0; i < 50; ++i) {
        world.mine(1);
    }
    // The stream's pauses advance the clock; without new blocks the chain would be too old for readiness.
    world.network.meanwhile = [&](Timestamp now) {
        while (from_unix_seconds(world.chain.at(world.chain.height()).timestamp) + Millis(1'000) <= now) {
            world.chain.mine_at(world.chain.at(world.chain.height()).timestamp + 1);
        }
    };
    telemetry::Health health;
    rpcpool::MultiRpc rpc({.urls = world.network.urls(), .chain = ChainId{97}}, world.clock, world.log,
                          world.network);
    LogStream stream(world.config, rpc, world.sink, {world.clock, world.log, world.metrics, health});
    CHECK_FALSE(health.ready());
    std::jthread thread([&](const std::stop_token& stop) { stream.run(stop); });
    CHECK(testkit::wait_until([&] { return health.ready(); }));
    thread.request_stop();
    thread.join();
    CHECK(world.difference(50) == "");
    CHECK(world.metrics.serialize().find("lamda_chain_cursor_block{stream=\"test:chain\"} " +
                                         std::to_string(world.sink.at->number.value)) != std::string::npos);
}
