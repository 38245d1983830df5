// Where a stream begins that has never run.
#pragma once

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// The block to begin with: the configured one, or else the one that created the first contract, bisected
/// over eth_getCode. Every contract has code at the head.
/// @throws ConfigContradiction a start block beyond the head; eth::RpcError none configured, and no endpoint
/// has the history
BlockNum find_start_block(const StreamConfig& config, eth::Rpc& rpc, const eth::Header& head);

}  // namespace lamda::ingest
