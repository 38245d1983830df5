// Whether chain, contracts and database belong together, before anything is read or written.
#pragma once

#include "chain/log_stream.hpp"

namespace lamda::chain {

/// The endpoints are on the configured chain, each contract has code there, and what the sink holds was read
/// from that chain and these contracts.
/// @throws ConfigContradiction naming the setting; then nothing was recorded
void check_identity(const StreamConfig& config, eth::Rpc& rpc, StreamSink& sink);

}  // namespace lamda::chain
