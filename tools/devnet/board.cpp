#include "tools/devnet/board.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "telemetry/shown_text.hpp"

namespace lamda::devnet {
namespace {

constexpr std::size_t kBarWidth = 40;
constexpr std::size_t kMostRows = 24;

using telemetry::shown_text;

std::string shortened(const std::string& text) {
    const std::string hex = shown_text(text);
    return hex.size() <= 14 ? hex : hex.substr(0, 8) + "…" + hex.substr(hex.size() - 4);
}

std::string bar(double part, std::size_t width) {
    const auto full = static_cast<std::size_t>(std::lround(part * static_cast<double>(width)));
    std::string out;
    for (std::size_t i = 0; i < width; ++i) {
        out += i < full ? "█" : "░";
    }
    return out;
}

}  // namespace

double progress_of(const std::string& status) {
    static const std::map<std::string, double> kSteps = {
        {"ordered", 0.05},           {"submitted", 0.05}, {"created", 0.1},  {"awaiting_spec", 0.15},
        {"awaiting_provider", 0.15}, {"assigned", 0.25},  {"running", 0.45}, {"completed", 0.6},
        {"confirmed", 0.75},         {"paid", 0.9},       {"rewarded", 1.0}};
    const auto it = kSteps.find(status);
    return it == kSteps.end() ? 0 : it->second;
}

std::vector<std::string> board_lines(const std::vector<BoardRow>& rows, double seconds) {
    std::vector<std::string> out;
    out.push_back(fmt::format("  {:<14} {:<14} {:<18} {}", "JOB", "PROVIDER", "STATUS", "PROGRESS"));
    double total = 0;
    std::size_t rewarded = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const double part = progress_of(rows[i].status);
        total += part;
        rewarded += rows[i].status == "rewarded" ? 1 : 0;
        if (i < kMostRows) {
            // fmt's padding counts the bytes of the ellipsis, so these columns have a fixed width.
            out.push_back(fmt::format("  {}  {}  {:<18} {}", shortened(rows[i].id),
                                      shortened(rows[i].provider), shown_text(rows[i].status),
                                      bar(part, 20)));
        }
    }
    if (rows.size() > kMostRows) {
        out.push_back(fmt::format("  … and {} more", rows.size() - kMostRows));
    }
    const double part = rows.empty() ? 0 : total / static_cast<double>(rows.size());
    out.push_back(fmt::format("  {} {:3.0f} %  {}/{} rewarded  {:.1f} s", bar(part, kBarWidth), part * 100,
                              rewarded, rows.size(), seconds));
    return out;
}

Board::Board(const Clock& clock)
    : clock_(clock), terminal_(isatty(STDOUT_FILENO) != 0), started_(clock.steady()) {}

double Board::seconds() const {
    return std::chrono::duration<double>(clock_.steady() - started_).count();
}

void Board::erase() {
    if (drawn_ > 0) {
        fmt::print("\x1b[{}A\x1b[J", drawn_);
        drawn_ = 0;
    }
}

void Board::note(const std::string& text) {
    erase();
    fmt::print("{:6.1f} s  {}\n", seconds(), shown_text(text));
    if (terminal_ && !shown_.empty()) {
        show(shown_);
    }
    std::fflush(stdout);
}

void Board::show(const std::vector<BoardRow>& rows) {
    if (terminal_) {
        erase();
        const auto lines = board_lines(rows, seconds());
        for (const auto& line : lines) {
            fmt::print("{}\n", line);
        }
        drawn_ = lines.size();
    } else {
        for (const auto& row : rows) {
            if (std::find(shown_.begin(), shown_.end(), row) == shown_.end()) {
                fmt::print("{:6.1f} s  job {} on {}: {}\n", seconds(), shortened(row.id),
                           shortened(row.provider), shown_text(row.status));
            }
        }
    }
    shown_ = rows;
    std::fflush(stdout);
}

}  // namespace lamda::devnet
