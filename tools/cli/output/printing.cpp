#include "tools/cli/output/printing.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "telemetry/shown_text.hpp"

namespace lamda::cli {

std::string json_line(const nlohmann::json& value) {
    return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

void warn(const std::string& text) {
    fmt::print(stderr, "lamda: {}\n", telemetry::shown_lines(text));
}

}  // namespace lamda::cli
