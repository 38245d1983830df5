// Text as a JSON string. Also for text from outside that need not be UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace lamda::telemetry {

/// Appends `text` in quotes, escaped as RFC 8259 section 7 wants it. Bytes that are no UTF-8 (RFC 3629:
/// overlong forms, surrogates, above U+10FFFF, cut sequences) become U+FFFD each;
/// characters that steer a terminal (shown_text.hpp) become `\uXXXX`.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);
/// The length of the valid UTF-8 sequence at the start of `text`: 1 … 4, or 0 when there is none.
std::size_t utf8_sequence(std::string_view text);

}  // namespace lamda::telemetry
