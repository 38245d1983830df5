// Addresses of content stores as people write them: one parser for every configuration that names one.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::ipfs {

/// The HTTP interface of an IPFS node, with or without `/api/v0` and slashes at the end, which are left out
/// of the result. Errors: `invalid_store_url`, without repeating the value.
Result<std::string> parse_api_url(std::string_view text);
/// A gateway, with or without `/ipfs` and slashes at the end, which are left out of the result. Errors: as
/// above.
Result<std::string> parse_gateway_url(std::string_view text);

}  // namespace lamda::ipfs
