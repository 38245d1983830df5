// Validates UTF-8 (RFC 3629) in external text.
#pragma once

#include <string>
#include <string_view>

namespace lamda {

/// U+FFFD, in place of a byte that is not UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Length of the valid UTF-8 sequence at the start of `text`: 1 … 4, or 0 if there is none (overlong forms,
/// surrogates, above U+10FFFF, cut sequences).
std::size_t utf8_sequence(std::string_view text);
/// @param sequence one valid UTF-8 sequence
char32_t code_point(std::string_view sequence);
/// The same text with each byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace lamda
