// Live display of the demo: ready parts, job states, a progress bar. On a terminal it is redrawn in place,
// within the height; elsewhere each change is one line.
#pragma once

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "terminal/screen.hpp"

namespace lamda::devnet {

/// Present state of one job.
struct BoardRow {
    std::string id;        ///< 0x…
    std::string provider;  ///< 0x…
    std::string status;    ///< public status, or `rewarded`
    bool operator==(const BoardRow&) const = default;
};

/// Present state of a service or agent.
struct BoardPart {
    std::string name;
    bool ready = false;
    bool operator==(const BoardPart&) const = default;
};

struct BoardState {
    std::vector<BoardPart> parts;
    std::vector<BoardRow> rows;
};

/// Returns the progress of a status, from 0 (ordered) to 1 (rewarded).
double progress_of(const std::string& status);

/// Returns the board as lines that the screen can hold, with one line free for the cursor. If the jobs do not
/// fit, those that are not rewarded precede, and a line counts the others.
/// @param screen an unknown size counts as 80 columns and 24 lines
std::vector<std::string> board_lines(const BoardState& state, double seconds, terminal::Screen screen);

/// Returns one line for each job and part whose state has changed, with complete ids. Parts that are ready
/// when they appear are no change.
std::vector<std::string> change_lines(const BoardState& before, const BoardState& now);

class Board {
  public:
    explicit Board(const Clock& clock);
    /// Prints a line that is not redrawn.
    void note(const std::string& text);
    void show(const BoardState& state);
    /// Redraws the time on a terminal, at most five times a second. For loops with slow steps.
    void tick();
    double seconds() const;

  private:
    /// Prints `text` in place of the board, and the board below it. @param screen of standard output
    void draw(const std::string& text, const terminal::Screen& screen);

    const Clock& clock_;
    Steady started_;
    std::size_t drawn_ = 0;  ///< lines of the board on the terminal
    double drawn_at_ = 0;    ///< seconds()
    BoardState shown_;
};

}  // namespace lamda::devnet
