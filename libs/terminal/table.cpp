#include "terminal/table.hpp"

#include <algorithm>
#include <limits>

#include "telemetry/shown_text.hpp"
#include "terminal/units.hpp"

namespace lamda::terminal {
namespace {

constexpr std::size_t kGap = 2;
/// Columns below which no text is cut.
constexpr std::size_t kLeastText = 12;

using Rows = std::vector<std::vector<std::string>>;

/// Form of a column on one screen.
struct Fit {
    std::size_t natural = 0;  ///< width of full values
    std::size_t least = 0;    ///< width of short forms
    std::size_t width = 0;
    bool is_short = false;
    bool hidden = false;
};

bool right_aligned(Kind kind) {
    return kind == Kind::kNumber || kind == Kind::kAmount;
}

std::string short_time(const std::string& text) {
    constexpr std::size_t kSeconds = sizeof "2026-11-30T02:29:14" - 1;
    return text.size() > kSeconds && text[10] == 'T' ? text.substr(5, 5) + " " + text.substr(11, 8) : text;
}

std::string short_form(const std::string& cell, Kind kind, std::size_t width) {
    switch (kind) {
        case Kind::kText:
            return cut(cell, width);
        case Kind::kId:
            return shortened(cell);
        case Kind::kTime:
            return short_time(cell);
        case Kind::kNumber:
            return cell;
        case Kind::kAmount:
            return short_decimals(cell);
    }
    return cell;
}

std::vector<Fit> measured(const std::vector<Column>& columns, const Rows& rows) {
    std::vector<Fit> out(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto& fit = out[i];
        const auto& column = columns[i];
        fit.natural = fit.least = width_of(column.head);
        for (const auto& row : rows) {
            fit.natural = std::max(fit.natural, width_of(row[i]));
            fit.least = std::max(fit.least, width_of(short_form(row[i], column.kind, kLeastText)));
        }
        if (column.shorten == 0) {
            fit.least = fit.natural;
        }
        fit.width = fit.natural;
    }
    return out;
}

/// Sum of one measure over the visible columns, with the gaps between them.
std::size_t total(const std::vector<Fit>& fits, std::size_t Fit::* measure) {
    std::size_t out = 0;
    for (const auto& fit : fits) {
        out += fit.hidden ? 0 : fit.*measure + (out == 0 ? 0 : kGap);
    }
    return out;
}

/// Returns the columns whose rank is not 0, lowest rank first.
std::vector<std::size_t> ranked(const std::vector<Column>& columns, unsigned Column::* rank) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].*rank != 0) {
            out.push_back(i);
        }
    }
    std::sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(columns[a].*rank, a) < std::pair(columns[b].*rank, b);
    });
    return out;
}

void shorten(std::vector<Fit>& fits, const std::vector<Column>& columns, std::size_t limit) {
    const auto order = ranked(columns, &Column::shorten);
    for (const auto i : order) {
        const auto now = total(fits, &Fit::width);
        if (now <= limit) {
            break;
        }
        auto& fit = fits[i];
        if (fit.hidden) {
            continue;
        }
        fit.is_short = true;
        fit.width = columns[i].kind == Kind::kText
                        ? std::max(fit.least, fit.width - std::min(fit.width, now - limit))
                        : fit.least;
    }
    // A late short form may have freed more than was necessary: the others get the room back, the last one
    // first.
    for (auto at = order.rbegin(); at != order.rend(); ++at) {
        auto& fit = fits[*at];
        const auto room = limit - std::min(limit, total(fits, &Fit::width));
        if (fit.hidden || (columns[*at].kind != Kind::kText && fit.natural - fit.width > room)) {
            continue;
        }
        fit.width += std::min(room, fit.natural - fit.width);
        fit.is_short = fit.width < fit.natural;
    }
}

std::vector<Fit> fitted(const std::vector<Column>& columns, const Rows& rows, std::size_t limit) {
    auto fits = measured(columns, rows);
    const auto order = ranked(columns, &Column::hide);
    for (const auto i : order) {
        if (total(fits, &Fit::least) <= limit) {
            break;
        }
        fits[i].hidden = true;
    }
    for (auto at = order.rbegin(); at != order.rend(); ++at) {  // narrow ones may fit where a wide one was
        if (fits[*at].hidden && total(fits, &Fit::least) + kGap + fits[*at].least <= limit) {
            fits[*at].hidden = false;
        }
    }
    shorten(fits, columns, limit);
    return fits;
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<Column>& columns,
                    const std::vector<Fit>& fits, const Screen& screen, bool is_head) {
    std::string out;
    std::string blanks;  // before the next cell; none at the end of a line
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto& fit = fits[i];
        if (fit.hidden) {
            continue;
        }
        const auto cell =
            fit.is_short && !is_head ? short_form(cells[i], columns[i].kind, fit.width) : cells[i];
        const std::string padding(fit.width - std::min(fit.width, width_of(cell)), ' ');
        const auto tone = is_head ? Tone::kHead : columns[i].tone ? columns[i].tone(cells[i]) : Tone::kPlain;
        const auto shown = painted(cell, tone, screen.colour);
        if (right_aligned(columns[i].kind)) {
            out.append(blanks).append(padding).append(shown);
            blanks.assign(kGap, ' ');
        } else {
            out.append(blanks).append(shown);
            blanks.assign(padding.size() + kGap, ' ');
        }
    }
    return out;
}

}  // namespace

void Table::row(std::vector<std::string> cells) {
    for (auto& cell : cells) {
        cell = telemetry::shown_text(cell);
    }
    cells.resize(columns_.size());
    rows_.push_back(std::move(cells));
}

std::string Table::text(const Screen& screen) const {
    const auto width = screen.width.value_or(std::numeric_limits<std::size_t>::max());
    const auto fits = fitted(columns_, rows_, width - std::min(width, indent_));
    const std::string indent(indent_, ' ');
    std::vector<std::string> heads;
    std::string hidden;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        heads.push_back(columns_[i].head);
        if (fits[i].hidden) {
            hidden += (hidden.empty() ? "" : ", ") + columns_[i].head;
        }
    }
    std::string out = indent + line_of(heads, columns_, fits, screen, true) + '\n';
    for (const auto& row : rows_) {
        out += indent + line_of(row, columns_, fits, screen, false) + '\n';
    }
    if (!hidden.empty()) {
        out += cut(indent + "(too narrow for: " + hidden + "; `| cat` shows all)", width) + '\n';
    }
    return out;
}

std::string listing(const std::vector<std::pair<std::string, std::string>>& lines) {
    std::size_t widest = 0;
    for (const auto& [name, value] : lines) {
        widest = std::max(widest, width_of(telemetry::shown_text(name)));
    }
    std::string out;
    for (const auto& [name, value] : lines) {
        const auto shown = telemetry::shown_text(name);
        out +=
            shown + std::string(widest - width_of(shown) + kGap, ' ') + telemetry::shown_text(value) + '\n';
    }
    return out;
}

}  // namespace lamda::terminal
