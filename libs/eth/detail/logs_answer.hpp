// Reads the answer to eth_getLogs without building a document: the hot path of a backfill. Private to this
// library.
#pragma once

#include <vector>

#include "eth/codec/types.hpp"
#include "net/http_message.hpp"

namespace lamda::eth {

/// Same result as RpcAnswer::logs(), ten times as fast. May move the body to a larger buffer.
/// @throws RpcError, BadAnswer as RpcAnswer does
std::vector<Log> read_logs_answer(std::uint64_t id, net::HttpResponse& response);

}  // namespace lamda::eth
