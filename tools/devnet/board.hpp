// Live display of the demo: job states and a progress bar. On a terminal it is redrawn in place; elsewhere
// each change is one line.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace lamda::devnet {

/// Present state of one job.
struct BoardRow {
    std::string id;        ///< 0x…
    std::string provider;  ///< 0x…
    std::string status;    ///< public status, or `rewarded`
    bool operator==(const BoardRow&) const = default;
};

/// Returns the progress of a status, from 0 (ordered) to 1 (rewarded).
double progress_of(const std::string& status);

/// Returns the table and the progress bar as lines.
std::vector<std::string> board_lines(const std::vector<BoardRow>& rows, double seconds);

class Board {
  public:
    explicit Board(const Clock& clock);
    /// Prints a line that is not redrawn.
    void note(const std::string& text);
    void show(const std::vector<BoardRow>& rows);
    double seconds() const;

  private:
    void erase();
    const Clock& clock_;
    bool terminal_;
    Steady started_;
    std::size_t drawn_ = 0;
    std::vector<BoardRow> shown_;
};

}  // namespace lamda::devnet
