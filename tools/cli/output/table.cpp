#include "tools/cli/output/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "telemetry/shown_text.hpp"

namespace lamda::cli {
namespace {

// Display width: the number of bytes that do not continue a UTF-8 sequence.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void append_cell(std::string& out, const std::string& cell, std::size_t width, bool last) {
    out += cell;
    if (!last) {
        out.append(width - width_of(cell) + 2, ' ');
    }
}

std::string fraction_of(std::string digits, std::size_t decimals) {
    if (digits.size() <= decimals) {
        digits.insert(0, decimals + 1 - digits.size(), '0');
    }
    std::string fraction = digits.substr(digits.size() - decimals);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    const std::string whole = digits.substr(0, digits.size() - decimals);
    return fraction.empty() ? whole : whole + "." + fraction;
}

}  // namespace

void Table::row(std::vector<std::string> cells) {
    for (auto& cell : cells) {
        cell = telemetry::shown_text(cell);
    }
    rows_.push_back(std::move(cells));
}

std::string Table::text() const {
    std::vector<std::size_t> widths;
    widths.reserve(heads_.size());
    for (const auto& head : heads_) {
        widths.push_back(width_of(head));
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string out;
    const auto append_row = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            append_cell(out, row[i], widths[i], i + 1 == row.size());
        }
        out += '\n';
    };
    append_row(heads_);
    for (const auto& row : rows_) {
        append_row(row);
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
        append_cell(out, telemetry::shown_text(name), widest, false);
        out += telemetry::shown_text(value) + '\n';
    }
    return out;
}

std::string ether(const std::string& wei) {
    return fraction_of(wei, 18);
}

std::string gwei(const std::string& wei) {
    return fraction_of(wei, 9);
}

std::string shortened(const std::string& hex) {
    return hex.size() <= 14 ? hex : hex.substr(0, 6) + "…" + hex.substr(hex.size() - 4);
}

}  // namespace lamda::cli
