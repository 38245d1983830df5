// Limits and abilities of the terminal behind an output.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace lamda::terminal {

/// Default: no terminal, hence full values without colour.
struct Screen {
    bool is_terminal = false;
    std::optional<std::size_t> width{};   ///< columns; absent: unlimited
    std::optional<std::size_t> height{};  ///< lines; absent: unlimited
    bool colour = false;
    bool moves = false;  ///< true if the cursor can be moved, to redraw lines in place
};

/// Facts that decide a Screen.
struct ScreenFacts {
    bool is_terminal = false;
    std::size_t columns = 0;     ///< of the kernel (TIOCGWINSZ); 0: unknown
    std::size_t lines = 0;       ///< of the kernel; 0: unknown
    std::string columns_text{};  ///< COLUMNS, used if the kernel's is unknown
    std::string lines_text{};    ///< LINES, likewise
    std::string no_color{};      ///< NO_COLOR (https://no-color.org); not empty: no colour
    std::string term{};          ///< TERM; empty or `dumb`: neither colour nor movement
};
Screen screen_from(const ScreenFacts& facts);

/// Returns the screen of a file descriptor now: a user may resize it.
Screen screen_of(int descriptor);

}  // namespace lamda::terminal
