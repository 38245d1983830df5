// Tables with aligned columns that fit a screen, and listings of names and values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "terminal/screen.hpp"
#include "terminal/text.hpp"

namespace lamda::terminal {

/// Form of a column's cells: alignment and short form.
enum class Kind {
    kText,    ///< left; cut at its end, as much as necessary
    kId,      ///< left; shortened()
    kTime,    ///< left; RFC 3339 as `11-30 02:29:14`
    kNumber,  ///< right; no short form
    kAmount,  ///< right; short_decimals()
};

struct Column {
    std::string head;
    Kind kind = Kind::kText;
    /// The columns with 1 are shortened first, then those with 2, and so on; 0: never.
    unsigned shorten = 0;
    /// The column with 1 is hidden first if all short forms do not fit, then that with 2, and so on; 0:
    /// never.
    unsigned hide = 0;
    /// Colour of a cell; null: none.
    Tone (*tone)(std::string_view cell) = nullptr;
};

class Table {
  public:
    /// @param indent blanks before each line
    explicit Table(std::vector<Column> columns, std::size_t indent = 0)
        : columns_(std::move(columns)), indent_(indent) {}
    /// Escapes control characters, so that a row is one line. @param cells one for each column
    void row(std::vector<std::string> cells);
    /// Columns are as wide as their widest cell, separated by two spaces. If the lines are wider than the
    /// screen, columns are shortened, then hidden, in their order; the last line then names the hidden ones.
    std::string text(const Screen& screen) const;

  private:
    std::vector<Column> columns_;
    std::size_t indent_;
    std::vector<std::vector<std::string>> rows_;
};

/// Returns one line `name  value` for each pair. Values are never shortened; control characters are escaped.
std::string listing(const std::vector<std::pair<std::string, std::string>>& lines);

}  // namespace lamda::terminal
