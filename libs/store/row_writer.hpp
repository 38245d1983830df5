// Values as PostgreSQL reads them, and rows of them on their way into a COPY: cell by cell into one buffer,
// with no string of their own.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::store {

template <std::same_as<bool> T>  // no pointer shall become one
void append_value(std::string& out, T value) {
    out += value ? "true" : "false";
}
template <std::integral T>
    requires(!std::same_as<T, bool>)
void append_value(std::string& out, T value) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out.append(std::begin(digits), end);
}
inline void append_value(std::string& out, BlockNum value) {
    append_value(out, value.value);
}
inline void append_value(std::string& out, std::string_view value) {
    out += value;
}
void append_value(std::string& out, const U256& value);
void append_value(std::string& out, Timestamp value);
void append_value(std::string& out, BytesView value);
template <std::size_t N, class Tag>
void append_value(std::string& out, const FixedBytes<N, Tag>& value) {
    append_value(out, value.view());
}

/// Takes a COPY's rows. Made by Txn::copy and Txn::merge.
class RowWriter {
  public:
    virtual ~RowWriter() = default;
    RowWriter(const RowWriter&) = delete;
    RowWriter& operator=(const RowWriter&) = delete;

    /// One row: a cell for each column, absent optionals as NULL. @throws std::logic_error when their number
    /// is another
    template <class... Cells>
    void row(const Cells&... cells) {
        if (sizeof...(Cells) != columns_) {
            throw std::logic_error("a row has another number of cells than the COPY has columns");
        }
        text_.clear();
        cells_.clear();
        (add(cells), ...);
        end_row();
    }

  protected:
    explicit RowWriter(std::size_t columns) : columns_(columns) { cells_.reserve(columns); }
    struct Cell {
        std::size_t begin;
        std::size_t end;
        bool null;
    };
    /// The row's cells stand in text(), each followed by a NUL.
    virtual void end_row() = 0;
    const std::string& text() const { return text_; }
    const std::vector<Cell>& cells() const { return cells_; }

  private:
    template <class T>
    void add(const T& value) {
        const auto begin = text_.size();
        append_value(text_, value);
        cells_.push_back({begin, text_.size(), false});
        text_ += '\0';
    }
    template <class T>
    void add(const std::optional<T>& value) {
        if (value) {
            add(*value);
        } else {
            add(std::nullopt);
        }
    }
    void add(std::nullopt_t) {
        cells_.push_back({text_.size(), text_.size(), true});
        text_ += '\0';
    }

    std::size_t columns_;
    std::string text_;
    std::vector<Cell> cells_;
};

}  // namespace lamda::store
