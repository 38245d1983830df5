// Where a stream begins that has never run.
#pragma once

#include "chain/log_stream.hpp"

namespace lamda::chain {

/// Checks that every contract has code at the head and gives the block to begin with: the configured one, or
/// else the one that created the first contract, bisected over eth_getCode.
/// @throws ConfigContradiction no code at the head; a start block beyond the head; or no start block
/// configured and a
///         node without history
BlockNum find_start_block(const StreamConfig& config, eth::Rpc& rpc, const eth::Header& head);
/// Only the check for code. @throws ConfigContradiction
void require_contracts(const StreamConfig& config, eth::Rpc& rpc);

}  // namespace lamda::chain
