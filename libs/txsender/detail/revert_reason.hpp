// Revert reasons as text.
#pragma once

#include <string>

#include "eth/rpc.hpp"

namespace lamda::txsender {

/// Returns the text of Error(string), the code of Panic(uint256), else the selector; without data the
/// message.
std::string revert_reason(const eth::RpcError& error);

}  // namespace lamda::txsender
