// Parses addresses that users write (EIP-55).
#pragma once

#include <string_view>

#include "core/ids.hpp"

namespace lamda::crypto {

/// Like Address::parse, for user input: mixed case must carry the correct checksum of EIP-55.
/// All-lower and all-upper digits carry none. Errors: `invalid_address`, `invalid_checksum`.
Result<Address> parse_address(std::string_view text);

}  // namespace lamda::crypto
