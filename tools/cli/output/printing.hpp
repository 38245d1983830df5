// Output that may hold strangers' text: JSON in ASCII, warnings without control characters.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lamda::cli {

/// One line of ASCII: what steers a terminal, and bytes that are no UTF-8, are escaped or replaced.
std::string json_line(const nlohmann::json& value);
/// `lamda: <text>` on stderr; line breaks stay.
void warn(const std::string& text);

}  // namespace lamda::cli
