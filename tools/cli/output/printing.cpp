#include "tools/cli/output/printing.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "telemetry/shown_text.hpp"
#include "terminal/screen.hpp"
#include "terminal/text.hpp"

namespace lamda::cli {

std::string json_line(const nlohmann::json& value) {
    return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

void warn(const std::string& text) {
    const auto screen = terminal::screen_of(STDERR_FILENO);
    fmt::print(stderr, "{} {}\n", terminal::painted("lamda:", terminal::Tone::kBad, screen.colour),
               telemetry::shown_lines(text));
}

}  // namespace lamda::cli
