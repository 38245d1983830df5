// A simulated network with one chain, and requests to its endpoints. For tests only.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "simulator/miner.hpp"
#include "simulator/simulated_network.hpp"

namespace lamda::simulator::testing {

using nlohmann::json;
using Kind = net::TransportError::Kind;

inline const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
inline const Topic kTopic = *Topic::parse("0x" + std::string(64, 'a'));
inline const std::string kUrl = "http://one.example";

/// Parameters of a call.
template <class... Items>
json list(const Items&... items) {
    json out = json::array();
    (out.push_back(items), ...);
    return out;
}

/// Plan of a single endpoint at kUrl.
inline std::vector<EndpointPlan> only(EndpointPlan plan) {
    plan.url = kUrl;
    return {plan};
}

/// A chain with a miner, and clients' requests to its endpoints in virtual time.
struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    ScriptedChain chain;
    std::unique_ptr<Miner> miner;
    std::unique_ptr<SimulatedNetwork> network;
    std::uint64_t next_id = 1;

    explicit World(std::vector<EndpointPlan> plans, std::uint64_t seed = 1, MinerPlan plan = {})
        : chain(1, clock, plan.age()) {
        chain.set_code(kContract, {0});
        plan.seed = seed;
        plan.contract = kContract;
        plan.topic = kTopic;
        miner = std::make_unique<Miner>(chain, clock, plan);
        network = std::make_unique<SimulatedNetwork>(clock, chain, seed, std::move(plans));
        network->meanwhile = [this](Timestamp now) { miner->run_until(now); };
    }
    net::HttpRequest request(const std::string& method, const json& params, const std::string& url = kUrl) {
        net::HttpRequest out;
        out.method = "POST";
        out.url = url;
        out.body = json{{"jsonrpc", "2.0"}, {"id", next_id++}, {"method", method}, {"params", params}}.dump();
        out.timeout = Millis(3'000);
        return out;
    }
    net::HttpResponse send(const std::string& method, const json& params = json::array()) {
        return network->send(request(method, params));
    }
    json result(const std::string& method, const json& params = json::array()) {
        const auto answer = json::parse(send(method, params).body);
        INFO(answer.dump());
        REQUIRE(answer.contains("result"));
        return answer["result"];
    }
    json error(const std::string& method, const json& params = json::array()) {
        const auto answer = json::parse(send(method, params).body);
        INFO(answer.dump());
        REQUIRE(answer.contains("error"));
        return answer["error"];
    }
    Kind failure(const std::string& method, const json& params = json::array()) {
        try {
            send(method, params);
        } catch (const net::TransportError& error) {
            return error.kind();
        }
        throw std::logic_error("the call returned");
    }
    std::uint64_t count(Fault fault) const { return network->counts()[fault]; }
    json range(std::uint64_t from, std::uint64_t to) const {
        return json::array({{{"fromBlock", to_quantity(from)},
                             {"toBlock", to_quantity(to)},
                             {"address", {kContract.hex()}},
                             {"topics", {{kTopic.hex()}}}}});
    }
    json at(std::uint64_t number) { return json::array({to_quantity(number), false}); }
    /// A block with logs of kContract, at or above `from`.
    const Block& block_with_logs(std::uint64_t from) const {
        while (ChainView::logs(*chain.branch().at(from), {{kContract}, {kTopic}, {}}).empty()) {
            ++from;
        }
        return *chain.branch().at(from);
    }
};

/// Plan of an endpoint that has the fault in every exchange.
inline EndpointPlan always(Fault fault) {
    EndpointPlan plan;
    plan.rates[fault] = 1;
    return plan;
}

}  // namespace lamda::simulator::testing
