// Why a call reverts, in words.
#pragma once

#include <string>

#include "eth/rpc.hpp"

namespace lamda::txsender {

/// The text of Error(string), the code of Panic(uint256), else the selector; the node's words when it sent no
/// data.
std::string revert_reason(const eth::RpcError& error);

}  // namespace lamda::txsender
