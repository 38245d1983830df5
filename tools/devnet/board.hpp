// What people see while the demo runs: jobs moving through their states, and a progress bar. On a terminal it
// is drawn in place; elsewhere each change is one plain line.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace lamda::devnet {

/// One job as it stands.
struct BoardRow {
    std::string id;        ///< 0x…
    std::string provider;  ///< 0x…
    std::string status;    ///< public status, or `rewarded`
    bool operator==(const BoardRow&) const = default;
};

/// How far a status is on the way from ordered (0) to rewarded (1).
double progress_of(const std::string& status);

/// The table and the bar, as lines.
std::vector<std::string> board_lines(const std::vector<BoardRow>& rows, double seconds);

class Board {
  public:
    Board();
    /// A line that stays.
    void note(const std::string& text);
    void show(const std::vector<BoardRow>& rows);
    double seconds() const;

  private:
    void erase();
    bool terminal_;
    std::chrono::steady_clock::time_point started_;
    std::size_t drawn_ = 0;
    std::vector<BoardRow> shown_;
};

}  // namespace lamda::devnet
