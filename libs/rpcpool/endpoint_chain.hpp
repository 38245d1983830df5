// The chain of the endpoints, compared with the one that a database was read from.
#pragma once

#include "rpcpool/multi_rpc.hpp"

namespace lamda::rpcpool {

/// Asks once, over connections of its own: an instance on standby reads nothing, and would be found on
/// another chain only when it is to take over.
/// @param config `chain`: the recorded one; the timeout is cut to 3 s, so that a loop ends soon after the
/// signal
/// @param setting named by the message
/// @throws ConfigContradiction when every endpoint is on another chain; else what the last endpoint asked
/// threw
void require_recorded_chain(RpcConfig config, const std::string& setting, const Clock& clock,
                            const telemetry::Log& log);

}  // namespace lamda::rpcpool
