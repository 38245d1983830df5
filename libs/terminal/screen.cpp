#include "terminal/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

namespace lamda::terminal {
namespace {

std::optional<std::size_t> size_of(std::size_t known, const std::string& text) {
    if (known == 0 &&
        std::from_chars(text.data(), text.data() + text.size(), known).ptr != text.data() + text.size()) {
        known = 0;
    }
    return known == 0 ? std::nullopt : std::optional(known);
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

Screen screen_from(const ScreenFacts& facts) {
    if (!facts.is_terminal) {
        return {};
    }
    const bool able = !facts.term.empty() && facts.term != "dumb";
    return {true, size_of(facts.columns, facts.columns_text), size_of(facts.lines, facts.lines_text),
            able && facts.no_color.empty(), able};
}

Screen screen_of(int descriptor) {
    winsize size{};
    const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0;
    return screen_from({::isatty(descriptor) != 0, known ? size.ws_col : std::size_t{0},
                        known ? size.ws_row : std::size_t{0}, environment("COLUMNS"), environment("LINES"),
                        environment("NO_COLOR"), environment("TERM")});
}

}  // namespace lamda::terminal
