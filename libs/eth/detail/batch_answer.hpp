// Takes the answer to a batch apart. Private to this library.
#pragma once

#include <string>
#include <vector>

#include "net/http_message.hpp"

namespace lamda::eth {

/// The answer to each of `count` calls, whose ids were 0 … count − 1, as JSON text; nodes may answer in any
/// order (JSON-RPC 2.0, section 6). Empty where the node left a call out. @throws RpcError the whole batch
/// was answered with an error object; BadAnswer anything else, no answer at all, or one twice
std::vector<std::string> split_batch_answer(const net::HttpResponse& response, std::size_t count);

}  // namespace lamda::eth
