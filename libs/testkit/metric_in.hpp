// Reads one metric from the text that /metrics serves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamda::testkit {

/// @param name with its labels, as served: `lamda_bus_lost_total{stream="JOBS",what="stream"}`
/// @returns absent: it is not served
inline std::optional<double> metric_in(std::string_view text, std::string_view name) {
    const std::string line = '\n' + std::string(name) + ' ';
    const std::string all = '\n' + std::string(text);
    const auto at = all.find(line);
    return at == std::string::npos ? std::nullopt : std::optional(std::stod(all.substr(at + line.size())));
}

}  // namespace lamda::testkit
