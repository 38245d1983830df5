// Formats text as a JSON string, also external text that may not be UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace lamda::telemetry {

/// Appends `text` quoted and escaped by RFC 8259, section 7. Each byte that is not UTF-8 (RFC 3629: overlong
/// forms, surrogates, above U+10FFFF, cut sequences) becomes U+FFFD; terminal control characters
/// (shown_text.hpp) become `\uXXXX`.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);
/// Length of the valid UTF-8 sequence at the start of `text`: 1 … 4, or 0 if there is none.
std::size_t utf8_sequence(std::string_view text);

}  // namespace lamda::telemetry
