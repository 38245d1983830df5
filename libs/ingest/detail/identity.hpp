// Whether chain, contracts and database belong together, before anything is read or written.
#pragma once

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// The chain of the endpoints. @throws ConfigContradiction, naming the setting: it is not the configured one
ChainId check_chain(const StreamConfig& config, eth::Rpc& rpc);
/// Each contract has code at `head`. @throws ConfigContradiction, naming the setting: one has none, or so a
/// node says that lags
void check_contracts(const StreamConfig& config, eth::Rpc& rpc, ChainId chain, const eth::Header& head);
/// What the sink holds was read from that chain and these contracts. Comes after the other two: a mistyped
/// address must not bind the stream to itself. @throws ConfigContradiction, naming the setting; then nothing
/// was recorded
void check_binding(const StreamConfig& config, eth::Rpc& rpc, StreamSink& sink, ChainId chain);

}  // namespace lamda::ingest
