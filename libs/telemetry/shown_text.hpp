// Makes external text safe for a terminal or a log line: escapes control characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lamda::telemetry {

/// True for characters that control a terminal or reorder a line: C0 and C1 controls, DEL, U+2028, U+2029,
/// and the bidirectional controls of UAX #9.
bool steers_output(char32_t character);

/// Appends one valid UTF-8 sequence, escaped if it controls output. JSON reads these escapes as the
/// character.
void append_shown(std::string& out, std::string_view sequence);

/// `text` as one line of valid UTF-8: characters that control output become `\n`, `\t`, `\r` or `\uXXXX`,
/// bytes that are not UTF-8 become U+FFFD.
std::string shown_text(std::string_view text);
/// Like shown_text, but keeps line breaks.
std::string shown_lines(std::string_view text);

}  // namespace lamda::telemetry
