// Fixture for tests of a stream: a scripted chain behind a simulated network, a sink in memory, and a reader.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "ingest/detail/stream_reader.hpp"
#include "ingest/testing/memory_sink.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "simulator/simulated_network.hpp"

namespace lamda::ingest {

using simulator::EndpointPlan;
using simulator::Fault;
using simulator::ScriptedChain;
using simulator::SimulatedNetwork;

inline const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
inline const Address kOther = *Address::parse("0x2000000000000000000000000000000000000002");
inline const Topic kTopic = *Topic::parse("0x" + std::string(64, 'a'));
inline const Topic kNoise = *Topic::parse("0x" + std::string(64, 'b'));

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    ScriptedChain chain;
    SimulatedNetwork network;
    MemorySink sink;
    telemetry::Metrics metrics;
    telemetry::Log log = telemetry::Log::none();
    StreamConfig config;
    std::unique_ptr<rpcpool::MultiRpc> rpc;
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
        rpcpool::RpcConfig how;
        how.urls = network.urls();
        how.chain = config.chain_id;
        how.timeout = Millis(1'000);
        how.jitter_seed = 1;
        rpc = std::make_unique<rpcpool::MultiRpc>(how, clock, log, network);
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
    /// Mines a block 0.45 s after the last, with logs that match the filter and logs that do not.
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
    /// Describes the first difference between the rows and the chain; empty: none.
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
    /// Steps without faults until the stream has nothing left to do.
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
            } catch (const net::TransportError&) {  // waits for Retry-After
                clock.advance(Millis(1'000));
            }
        }
        FAIL("the stream does not settle");
    }
};

}  // namespace lamda::ingest
