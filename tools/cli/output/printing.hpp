// Output of untrusted text: JSON in ASCII, warnings without control characters.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lamda::cli {

/// Returns one line of ASCII. Control characters are escaped, bytes that are not UTF-8 replaced.
std::string json_line(const nlohmann::json& value);
/// Prints `lamda: <text>` on stderr, `lamda:` in red on a terminal; keeps line breaks.
void warn(const std::string& text);

}  // namespace lamda::cli
