// Checks that chain, contracts and database belong together, before anything is read or written.
#pragma once

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// Returns the chain id of the endpoints. @throws ConfigContradiction, naming the setting, when it is not the
/// configured one
ChainId check_chain(const StreamConfig& config, eth::Rpc& rpc);
/// Requires code of each contract at `head`. @throws ConfigContradiction, naming the setting, when a contract
/// has none, or when a node that lags reports none
void check_contracts(const StreamConfig& config, eth::Rpc& rpc, ChainId chain, const eth::Header& head);
/// Requires that the sink's data was read from this chain and these contracts. Must follow the other two
/// checks, so that a mistyped address is not recorded. @throws ConfigContradiction, naming the setting; then
/// nothing was recorded
void check_binding(const StreamConfig& config, eth::Rpc& rpc, StreamSink& sink, ChainId chain);

}  // namespace lamda::ingest
