// Parser for the URLs of content stores in all configurations.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::ipfs {

/// The HTTP interface of an IPFS node, with or without `/api/v0` and trailing slashes, which the result
/// omits. Errors: `invalid_store_url`, without repeating the value.
Result<std::string> parse_api_url(std::string_view text);
/// A gateway, with or without `/ipfs` and trailing slashes, which the result omits. Errors: as
/// parse_api_url().
Result<std::string> parse_gateway_url(std::string_view text);

}  // namespace lamda::ipfs
