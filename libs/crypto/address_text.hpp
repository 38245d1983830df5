// Addresses that people write (EIP-55).
#pragma once

#include <string_view>

#include "core/ids.hpp"

namespace lamda::crypto {

/// As Address::parse, for text that a person wrote: mixed case must carry the right checksum of EIP-55.
/// All-lower and all-upper digits carry none. Errors: `invalid_address`, `invalid_checksum`.
Result<Address> parse_address(std::string_view text);

}  // namespace lamda::crypto
