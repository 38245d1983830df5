// LogStream against a scripted chain: what it promises under lag, lies, failures and reorganisations.
#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "chain/memory_sink.hpp"
#include "chain/multi_rpc.hpp"
#include "chain/stream_reader.hpp"
#include "simulator/simulated_network.hpp"

using namespace lamda;
using namespace lamda::chain;
using simulator::EndpointPlan;
using simulator::Fault;
using simulator::ScriptedChain;
using simulator::SimulatedNetwork;

namespace {

const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
const Address kOther = *Address::parse("0x2000000000000000000000000000000000000002");
const Topic kTopic = *Topic::parse("0x" + std::string(64, 'a'));
const Topic kNoise = *Topic::parse("0x" + std::string(64, 'b'));

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    ScriptedChain chain;
    SimulatedNetwork network;
    MemorySink sink;
    telemetry::Metrics metrics;
    telemetry::Log log = telemetry::Log::none();
    StreamConfig config;
    std::unique_ptr<MultiRpc> rpc;
    std::unique_ptr<StreamReader> reader;

    static EndpointPlan endpoint(const char* name) {
        EndpointPlan plan;
        plan.url = std::string("http://") + name + "/";
        plan.latency = Millis(1);
        plan.jitter = Millis(0);
        return plan;
    }
    explicit World(std::uint64_t seed, std::vector<EndpointPlan> endpoints = {endpoint("one")})
        : chain(seed, clock), network(clock, chain, seed, std::move(endpoints)) {
        config.name = "test:chain";
        config.contracts = {kContract};
        config.topics = {kTopic};
        config.start_block = BlockNum{0};
        config.jitter_seed = 1;
        chain.set_code(kContract, {0});
    }
    EndpointPlan& plan() { return network.plan(network.urls().front()); }
    void restart() {
        reader.reset();
        RpcConfig how;
        how.urls = network.urls();
        how.chain = config.chain_id;
        how.timeout = Millis(1'000);
        how.jitter_seed = 1;
        rpc = std::make_unique<MultiRpc>(how, clock, log, network);
        reader = std::make_unique<StreamReader>(config, *rpc, sink, clock, log, metrics);
    }
    StreamReader::Progress step() {
        if (!reader) {
            restart();
        }
        return reader->step();
    }
    static eth::Log log_of(const Address& address, const Topic& topic) {
        eth::Log out;
        out.address = address;
        out.topics = {topic};
        return out;
    }
    /// A block 0.45 s after the last, with logs of ours and of others.
    void mine(std::size_t ours = 0, std::size_t others = 0) {
        clock.advance(Millis(450));
        std::vector<eth::Log> logs;
        for (std::size_t i = 0; i < std::max(ours, others); ++i) {
            if (i < others) {
                logs.push_back(i % 2 == 0 ? log_of(kOther, kTopic) : log_of(kContract, kNoise));
            }
            if (i < ours) {
                logs.push_back(log_of(kContract, kTopic));
            }
        }
        chain.mine(std::move(logs));
    }
    void mine_random() {
        std::uniform_int_distribution<std::size_t> few(0, 3);
        mine(chain.chance(0.4) ? few(chain.random()) : 0, chain.chance(0.5) ? few(chain.random()) : 0);
    }
    std::vector<eth::Log> expected(std::uint64_t until) {
        auto logs = chain.canonical_logs(kContract);
        std::erase_if(logs,
                      [&](const auto& l) { return l.topics.front() != kTopic || l.block_num.value > until; });
        return logs;
    }
    /// Empty, or where the rows and the chain first differ.
    std::string difference(std::uint64_t until) {
        const auto wanted = expected(until);
        for (std::size_t i = 0; i < std::max(wanted.size(), sink.rows.size()); ++i) {
            if (i >= wanted.size() || i >= sink.rows.size() || !(wanted[i] == sink.rows[i])) {
                const auto place = [&](const auto& logs) {
                    return i < logs.size() ? std::to_string(logs[i].block_num.value) + "/" +
                                                 std::to_string(logs[i].log_index)
                                           : std::string("nothing");
                };
                return "row " + std::to_string(i) + " is " + place(sink.rows) + ", should be " +
                       place(wanted);
            }
        }
        return "";
    }
    /// Steps without faults until nothing is left to do.
    void settle() {
        for (const auto& url : network.urls()) {
            network.plan(url).rates.clear();
        }
        sink.fail = 0;
        for (int i = 0; i < 2'000; ++i) {
            try {
                if (step() == StreamReader::Progress::kNothing) {
                    return;
                }
            } catch (const CursorMoved&) {
                reader->forget();
            } catch (const net::TransportError&) {  // left alone, as it asked to be
                clock.advance(Millis(1'000));
            }
        }
        FAIL("the stream does not settle");
    }
};

}  // namespace

TEST_CASE("a stream reads the history and follows the head, each log once") {
    World world(1);
    for (int i = 0; i < 500; ++i) {
        world.mine(i % 7 == 0 ? 2 : 0, i % 3);
    }
    world.settle();
    CHECK(world.difference(500) == "");
    CHECK(world.sink.rows.size() == 144);
    CHECK(world.sink.caught_up);
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
    SECTION("a branch of equal height is noticed without waiting for the next block") {
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

TEST_CASE("a reorg that is overtaken by finality before it is seen is still followed") {
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
    run(Millis(9'000));  // it may be one node that was left behind
    CHECK_THROWS_AS(run(Millis(5'000)), FinalityViolated);
    CHECK(bool(world.sink.rows == rows));
    CHECK(world.sink.unwinds == 0);
}

TEST_CASE("a node that was left behind on a fork violates no finality") {
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
    // From now on it shows the old branch to some calls, for five seconds; the new one is final long before.
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
    SECTION("without fallback nothing is delivered, and the reason is told") {
        for (int i = 0; i < 100; ++i) {
            world.mine(1);
        }
        for (int i = 0; i < 5; ++i) {
            CHECK(world.step() == StreamReader::Progress::kWaiting);
        }
        CHECK_FALSE(world.sink.caught_up);
        CHECK(world.sink.rows.empty());
        CHECK(world.reader->trouble().find("old, allowed are 5s") != std::string::npos);
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

TEST_CASE("a node without the finalized tag serves a stream that needs none") {
    World world(8);
    world.chain.has_finalized = false;
    world.config.finality = *parse_finality("latest");
    for (int i = 0; i < 300; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.difference(300) == "");
    CHECK(world.sink.told_boundary == BlockNum{300});
    world.chain.reorg(50);
    for (int i = 0; i < 60; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.difference(310) == "");
}

TEST_CASE("a range limit is learned, whatever the error says") {
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

TEST_CASE("a node that refuses eth_getLogs is read through receipts") {
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

TEST_CASE("what contradicts the chain is refused at start, and the setting is named") {
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
            } catch (const NotReadyYet&) {
                continue;
            }
        }
    };
    CHECK_THROWS_AS(insist(), ConfigContradiction);
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
    CHECK_THROWS_AS(world.step(), ConfigContradiction);
    CHECK_THROWS_WITH(world.step(), Catch::StartsWith(named));
    CHECK(world.sink.at == BlockRef{BlockNum{7}, BlockHash{}});
}

TEST_CASE("a node that is far behind says nothing about the configuration, for two minutes") {
    World world(11);
    for (int i = 0; i < 200; ++i) {
        world.mine(1);
    }
    world.chain.set_code(kContract, {100});
    world.config.start_block = BlockNum{150};
    world.plan().rates[Fault::kLag] = 1;
    world.plan().lag = 150;
    for (int i = 0; i < 20; ++i) {
        CHECK_THROWS_AS(world.step(), NotReadyYet);
        world.clock.advance(Millis(5'000));
    }
    SECTION("when it has caught up, the stream begins") {
        world.settle();
        CHECK(world.sink.rows.size() == 51);
    }
    SECTION("when it stays there, the operator is told") {
        world.clock.advance(Millis(21'000));
        CHECK_THROWS_AS(world.step(), ConfigContradiction);
    }
}

TEST_CASE("a start block that will soon be there is waited for") {
    World world(11);
    for (int i = 0; i < 20; ++i) {
        world.mine(1);
    }
    world.config.start_block = BlockNum{23};
    CHECK_THROWS_AS(world.step(), NotReadyYet);
    for (int i = 0; i < 5; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.sink.rows.size() == 3);
}

TEST_CASE("a backfill is not held up by an endpoint that is far behind") {
    World world(11, {World::endpoint("one"), World::endpoint("two")});
    for (int i = 0; i < 1'000; ++i) {
        world.mine(i < 500 ? 0 : 1);
    }
    auto& behind = world.network.plan(world.network.urls().back());
    behind.rates[Fault::kLag] = 1;
    behind.lag = 900;
    behind.range_limit = world.plan().range_limit = 10;
    world.restart();
    for (int i = 0; i < 3; ++i) {  // now it is known where each stands
        world.rpc->probe();
        world.clock.advance(Millis(6'000));
    }
    const auto before = world.network.calls(behind.url);
    for (int i = 0; i < 100 && !world.sink.caught_up; ++i) {
        try {
            world.step();
        } catch (const NotReadyYet&) {
            world.reader->forget();
        }
        world.clock.advance(Millis(200));
    }
    CHECK(world.sink.caught_up);
    CHECK(world.difference(1'000) == "");
    CHECK(world.network.calls(behind.url) - before < 500);  // probes, and what it has
}

TEST_CASE("without receipts, no logs of a block are believed only when all of its logs say so") {
    World world(11);
    for (int i = 0; i < 100; ++i) {
        world.mine(i % 2, 1);
    }
    // Behind this address some nodes lack the newest blocks, and say that they have no logs.
    world.plan().balanced = true;
    world.plan().no_receipts = true;
    world.plan().rates[Fault::kLag] = 0.7;
    world.plan().lag = 30;
    for (int i = 0; i < 400; ++i) {
        try {
            world.step();
        } catch (const NotReadyYet&) {
            continue;
        }
    }
    CHECK(world.network.counts()[Fault::kFalseEmpty] > 10);
    CHECK(world.sink.at->number == BlockNum{100});
    CHECK(world.difference(100) == "");
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

TEST_CASE("a configured start block leaves out what came before") {
    World world(13);
    world.config.start_block = BlockNum{90};
    for (int i = 0; i < 100; ++i) {
        world.mine(1);
    }
    world.settle();
    CHECK(world.sink.rows.size() == 11);
    CHECK(world.sink.rows.front().block_num == BlockNum{90});
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
            } catch (const ConfigContradiction&) {
                throw;
            } catch (const std::logic_error&) {
                throw;
            } catch (const std::exception&) {
                world.reader->forget();
            }
        }
        for (int i = 0; i < 33; ++i) {
            world.mine(i % 2);  // so that finality is young again, however often the chain went back
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
    telemetry::Health health;
    MultiRpc rpc({.urls = world.network.urls(), .chain = ChainId{97}}, world.clock, world.log, world.network);
    LogStream stream(world.config, rpc, world.sink, world.clock, world.log, world.metrics, health);
    CHECK_FALSE(health.ready());
    std::jthread thread([&](const std::stop_token& stop) { stream.run(stop); });
    for (int i = 0; i < 500 && !health.ready(); ++i) {
        std::this_thread::sleep_for(Millis(10));
    }
    CHECK(health.ready());
    thread.request_stop();
    thread.join();
    CHECK(world.difference(50) == "");
    CHECK(world.metrics.serialize().find("lamda_chain_cursor_block{stream=\"test:chain\"} 50") !=
          std::string::npos);
}
