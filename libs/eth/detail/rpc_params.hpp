// Parameters of JSON-RPC calls, as JSON text.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "eth/codec/types.hpp"

namespace lamda::eth {

/// A quantity, or the name of a tag.
std::string block_text(BlockSpec block);
std::string params_of(std::initializer_list<std::string> texts);
/// A block whose transactions are wanted as hashes.
std::string block_params(std::string_view block);
std::string call_params(const CallRequest& request, const std::optional<BlockSpec>& block = std::nullopt);
/// @param blocks the members that select the blocks
std::string filter_params(std::string_view blocks, const LogFilter& filter);

}  // namespace lamda::eth
