// Check of the endpoints' chain against the chain that is recorded in a database.
#pragma once

#include "rpcpool/multi_rpc.hpp"

namespace lamda::rpcpool {

/// Requests the chain id once, over its own connections. An instance on standby reads nothing and would
/// otherwise find a wrong chain only when it takes over.
/// @param config `chain`: the recorded chain; the timeout is limited to 3 s, so that a loop stops soon
/// @param setting name of the setting, for the message
/// @throws ConfigContradiction when every endpoint is on another chain; else the error of the last endpoint
void require_recorded_chain(RpcConfig config, const std::string& setting, const Clock& clock,
                            const telemetry::Log& log);

}  // namespace lamda::rpcpool
