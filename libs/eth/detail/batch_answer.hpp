// Splits the answer to a batch. Private to this library.
#pragma once

#include <string>
#include <vector>

#include "net/http_message.hpp"

namespace lamda::eth {

/// Answers to `count` calls with the ids 0 … count − 1, as JSON text. Nodes may answer in any order (JSON-RPC
/// 2.0, section 6). An entry is empty if the node omitted the call. @throws RpcError if the whole batch was
/// answered with an error object; BadAnswer if no call was answered, a call was answered twice, or the body
/// is otherwise malformed
std::vector<std::string> split_batch_answer(const net::HttpResponse& response, std::size_t count);

}  // namespace lamda::eth
