#include "tools/devnet/board.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "telemetry/shown_text.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace lamda::devnet {
namespace {

using telemetry::shown_text;
using terminal::Kind;

constexpr std::size_t kIndent = 2;
constexpr std::size_t kRowBar = 20;
constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kBesideBar = 34;   ///< columns of indent, percentage, counts and time
constexpr std::size_t kLinesAround = 4;  ///< parts, heads, stages, bar
constexpr double kTickSeconds = 0.2;
constexpr std::size_t kUsualWidth = 80;
constexpr std::size_t kUsualHeight = 24;

std::string bar(double part, std::size_t width) {
    const auto full = static_cast<std::size_t>(std::lround(part * static_cast<double>(width)));
    std::string out;
    for (std::size_t i = 0; i < width; ++i) {
        out += i < full ? "█" : "░";
    }
    return out;
}

/// Returns the places of at most `room` rows: the unfinished ones, then the others.
std::vector<std::size_t> chosen(const std::vector<BoardRow>& rows, std::size_t room) {
    std::vector<std::size_t> out(rows.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = i;
    }
    std::sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(rows[a].status == "rewarded", a) < std::pair(rows[b].status == "rewarded", b);
    });
    out.resize(std::min(out.size(), room));
    std::sort(out.begin(), out.end());
    return out;
}

std::string parts_line(const std::vector<BoardPart>& parts) {
    std::string absent;
    std::size_t ready = 0;
    for (const auto& part : parts) {
        ready += part.ready ? 1 : 0;
        absent += part.ready ? "" : (absent.empty() ? "" : ", ") + shown_text(part.name);
    }
    return fmt::format("{}/{} parts are ready{}", ready, parts.size(),
                       absent.empty() ? "" : "; not ready: " + absent);
}

/// Number of jobs in each stage, in the order of the stages.
std::string stages_line(const std::vector<BoardRow>& rows) {
    std::map<std::pair<double, std::string>, std::size_t> counts;
    for (const auto& row : rows) {
        ++counts[{progress_of(row.status), row.status}];
    }
    std::string out;
    for (const auto& [stage, count] : counts) {
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, shown_text(stage.second));
    }
    return out;
}

std::string total_line(const std::vector<BoardRow>& rows, double seconds, std::size_t width) {
    double sum = 0;
    std::size_t rewarded = 0;
    for (const auto& row : rows) {
        sum += progress_of(row.status);
        rewarded += row.status == "rewarded" ? 1 : 0;
    }
    const double part = rows.empty() ? 0 : sum / static_cast<double>(rows.size());
    const auto room = std::min(width - std::min(width, kBesideBar), kWidestBar);
    return fmt::format("{} {:3.0f} %  {}/{} rewarded  {}", bar(part, room), part * 100, rewarded, rows.size(),
                       terminal::seconds(seconds));
}

std::string table_of(const std::vector<BoardRow>& rows, const std::vector<std::size_t>& places,
                     const terminal::Screen& screen) {
    terminal::Table table({{"JOB"},
                           {"PROVIDER", Kind::kText, 0, 1},
                           {"STATUS", Kind::kText, 1, 0, terminal::state_tone},
                           {"PROGRESS", Kind::kText, 0, 2}},
                          kIndent);
    for (const auto i : places) {
        const auto& row = rows[i];
        table.row({terminal::shortened(shown_text(row.id)), terminal::shortened(shown_text(row.provider)),
                   row.status, bar(progress_of(row.status), kRowBar)});
    }
    return table.text(screen);
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

std::vector<std::string> board_lines(const BoardState& state, double seconds, terminal::Screen screen) {
    screen.width = screen.width.value_or(kUsualWidth);
    const auto lines = std::max<std::size_t>(2, screen.height.value_or(kUsualHeight)) - 1;
    const auto width = *screen.width - std::min(*screen.width, kIndent);
    const std::string indent(kIndent, ' ');
    const auto line = [&](const std::string& text) {
        return indent + terminal::cut(text, std::max<std::size_t>(width, 1));
    };
    auto room = lines - std::min(lines, kLinesAround);
    const bool some_hidden = state.rows.size() > room;
    if (some_hidden && room > 0) {
        --room;
    }
    const auto places = chosen(state.rows, room);

    std::vector<std::string> out;
    if (!state.parts.empty()) {
        out.push_back(line(parts_line(state.parts)));
    }
    std::istringstream table(table_of(state.rows, places, screen));
    for (std::string row; std::getline(table, row);) {
        out.push_back(row);
    }
    if (some_hidden) {
        out.push_back(line(fmt::format("… and {} more", state.rows.size() - places.size())));
    }
    out.push_back(line(stages_line(state.rows)));
    out.push_back(line(total_line(state.rows, seconds, *screen.width)));
    out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(std::min(out.size(), lines)));
    return out;
}

Board::Board(const Clock& clock) : clock_(clock), started_(clock.steady()) {}

std::vector<std::string> change_lines(const BoardState& before, const BoardState& now) {
    std::vector<std::string> out;
    for (const auto& part : now.parts) {
        const auto same = std::find_if(before.parts.begin(), before.parts.end(),
                                       [&](const BoardPart& one) { return one.name == part.name; });
        if (same == before.parts.end() ? !part.ready : same->ready != part.ready) {
            out.push_back(
                fmt::format("part {}: {}", shown_text(part.name), part.ready ? "ready" : "not ready"));
        }
    }
    for (const auto& row : now.rows) {
        if (std::find(before.rows.begin(), before.rows.end(), row) == before.rows.end()) {
            out.push_back(fmt::format("job {} on {}: {}", shown_text(row.id), shown_text(row.provider),
                                      shown_text(row.status)));
        }
    }
    return out;
}

double Board::seconds() const {
    return std::chrono::duration<double>(clock_.steady() - started_).count();
}

void Board::draw(const std::string& text, const terminal::Screen& screen) {
    std::string lines = text;
    std::size_t drawn = 0;
    if (screen.moves && !shown_.rows.empty()) {
        // The last column stays free: behind a character in it, erasing the rest of the line erases it.
        auto usable = screen;
        if (usable.width > 1U) {
            --*usable.width;
        }
        for (const auto& line : board_lines(shown_, seconds(), usable)) {
            lines += line + "\n";
            ++drawn;
        }
    }
    // Each line is overwritten and its rest erased, in one write: no state in between is shown, and a
    // terminal that keeps what is erased from its first line on gets no copies of the board.
    std::string out = drawn_ == 0 ? "" : fmt::format("\x1b[{}A", drawn_);
    for (const char c : lines) {
        out += c == '\n' && screen.moves ? "\x1b[K\n" : std::string(1, c);
    }
    fmt::print("{}{}", out, drawn_ == 0 ? "" : "\x1b[J");
    std::fflush(stdout);
    drawn_ = drawn;
    drawn_at_ = seconds();
}

void Board::tick() {
    if (drawn_ > 0 && seconds() - drawn_at_ >= kTickSeconds) {
        draw("", terminal::screen_of(STDOUT_FILENO));
    }
}

void Board::note(const std::string& text) {
    draw(fmt::format("{:>8}  {}\n", terminal::seconds(seconds()), shown_text(text)),
         terminal::screen_of(STDOUT_FILENO));
}

void Board::show(const BoardState& state) {
    const auto screen = terminal::screen_of(STDOUT_FILENO);
    std::string text;
    if (!screen.moves) {
        for (const auto& line : change_lines(shown_, state)) {
            text += fmt::format("{:>8}  {}\n", terminal::seconds(seconds()), line);
        }
    }
    shown_ = state;
    draw(text, screen);
}

}  // namespace lamda::devnet
