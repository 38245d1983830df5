// Start block of a stream that has no cursor yet.
#pragma once

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// Returns the configured start block, or else the creation block of the first contract, bisected over
/// eth_getCode. Requires code of every contract at the head.
/// @throws ConfigContradiction for a start block above the head; eth::RpcError when none is configured and no
/// endpoint has old state
BlockNum find_start_block(const StreamConfig& config, eth::Rpc& rpc, const eth::Header& head);

}  // namespace lamda::ingest
