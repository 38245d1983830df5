// Makes external text safe for a terminal or a log line: escapes control characters.
#pragma once

#include <string>
#include <string_view>

namespace lamda::telemetry {

/// `text` as one line of valid UTF-8: characters that control output (steers_output, core/json_writer.hpp)
/// are escaped as in JSON (`\n`, `\u202e`), bytes that are not UTF-8 become U+FFFD.
std::string shown_text(std::string_view text);
/// Like shown_text, but keeps line breaks.
std::string shown_lines(std::string_view text);

}  // namespace lamda::telemetry
