// Answers a JSON-RPC request from the view of a node. Private to this library.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "simulator/fault.hpp"
#include "simulator/scripted_chain.hpp"

namespace lamda::simulator {

/// One call to a node.
struct NodeCall {
    const ChainView& view;
    ScriptedChain& chain;  ///< for values independent of the view: code, pool, prices
    const EndpointPlan& plan;
    bool foreign;                        ///< the node is on another chain
    std::function<bool(Fault)> strikes;  ///< true if the fault applies to this call
    FaultCounts& counts;
};

/// eth_getLogs exceeds a limit of the node; the endpoint chooses the form of the refusal.
struct LimitReached {
    Fault fault;
};

/// The `result` as JSON text. @throws eth::RpcError for an error object, LimitReached
std::string answer(const NodeCall& call, const std::string& method, const nlohmann::json& params);

}  // namespace lamda::simulator
