// Fixture for tests of several endpoints: a scripted chain behind three simulated endpoints.
#pragma once

#include <catch2/catch.hpp>

#include "rpcpool/multi_rpc.hpp"
#include "simulator/simulated_network.hpp"

namespace lamda::rpcpool {

using simulator::EndpointPlan;
using simulator::Fault;

struct ThreeEndpoints {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    simulator::SimulatedNetwork network{clock, chain, 1, {plan("first"), plan("second"), plan("third")}};
    std::unique_ptr<MultiRpc> rpc;

    static EndpointPlan plan(const std::string& name) {
        EndpointPlan out;
        out.url = "http://" + name + "/key-in-the-path";
        out.latency = Millis(10);
        out.jitter = Millis(0);
        return out;
    }
    explicit ThreeEndpoints(std::optional<ChainId> expected = ChainId{97}, unsigned agreement = 1) {
        for (int i = 0; i < 100; ++i) {
            clock.advance(Millis(450));
            chain.mine();
        }
        RpcConfig config;
        config.urls = network.urls();
        config.chain = expected;
        config.agreement = agreement;
        config.jitter_seed = 1;
        rpc = std::make_unique<MultiRpc>(config, clock, telemetry::Log::none(), network);
    }
    EndpointPlan& at(std::size_t i) { return network.plan(network.urls()[i]); }
    std::uint64_t calls(std::size_t i) const { return network.calls(network.urls()[i]); }
    EndpointNote note(std::size_t i) { return rpc->endpoints().notes()[i]; }
};

}  // namespace lamda::rpcpool
