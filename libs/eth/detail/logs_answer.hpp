// Reads the answer to eth_getLogs without building a document of it: the hot path of a backfill. Private to
// this library.
#pragma once

#include <vector>

#include "eth/codec/types.hpp"
#include "net/http_message.hpp"

namespace lamda::eth {

/// As RpcAnswer::logs() reads it, ten times as fast. The body may be moved to a larger place.
/// @throws RpcError, BadAnswer as RpcAnswer does
std::vector<Log> read_logs_answer(std::uint64_t id, net::HttpResponse& response);

}  // namespace lamda::eth
