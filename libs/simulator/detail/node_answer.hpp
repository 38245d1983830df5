// A node's answer to a JSON-RPC request, from what it has. Private to this library.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "simulator/fault.hpp"
#include "simulator/scripted_chain.hpp"

namespace lamda::simulator {

/// One call as a node sees it.
struct NodeCall {
    const ChainView& view;
    ScriptedChain& chain;  ///< for what does not depend on the view: code, pool, prices
    const EndpointPlan& plan;
    bool foreign;                        ///< of another chain
    std::function<bool(Fault)> strikes;  ///< whether a fault applies to this call
    FaultCounts& counts;
};

/// eth_getLogs asks for more than this node gives: how it says so is the endpoint's affair.
struct LimitReached {
    Fault fault;
};

/// The `result` as JSON text. @throws eth::RpcError for an error object, LimitReached
std::string answer(const NodeCall& call, const std::string& method, const nlohmann::json& params);

}  // namespace lamda::simulator
