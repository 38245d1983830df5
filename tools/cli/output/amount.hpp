// Amounts of a chain's coin, parsed from text with a unit.
#pragma once

#include <string_view>

#include "core/u256.hpp"

namespace lamda::cli {

/// `0.01ether`, `5gwei`, `1000wei`; a plain integer is wei. `bnb` is another name of `ether` (10^18 wei).
/// Errors: `invalid_amount`: malformed text, a fraction of a wei, 0.
Result<U256> parse_amount(std::string_view text);

}  // namespace lamda::cli
