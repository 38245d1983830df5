// Rows on their way into a COPY, in PostgreSQL's binary form: cell by cell into one buffer, with no string of
// their own. The server then parses neither digits nor dates: a sixth of its work for a wide row.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::store {

/// Types of columns that a COPY can fill.
enum class ColumnType { kBoolean, kBytes, kInteger, kBigint, kNumeric, kText, kJson, kTime };

/// What a COPY fills: a table's columns, and how a cell of each is written.
struct CopyShape {
    std::string table;
    std::string columns;  ///< as the statement names them
    std::vector<ColumnType> types;
};

/// The cell of a bigint whose number is not known yet: EncodedRows::fill brings it.
struct DeferredId {};

/// Takes a COPY's rows: those of Txn::copy and Txn::merge while they leave, EncodedRows ahead of that.
class RowWriter {
  public:
    virtual ~RowWriter() = default;
    RowWriter(const RowWriter&) = delete;
    RowWriter& operator=(const RowWriter&) = delete;

    /// One row: a cell for each column, absent optionals as NULL. Integers and U256 go into integer, bigint
    /// and numeric; text into text and jsonb; the others into one type each.
    /// @throws std::logic_error when the number of cells is another, StatementError when a column is of
    /// another type, or too narrow
    template <class... Cells>
    void row(const Cells&... cells) {
        if (sizeof...(Cells) != types_.size()) {
            throw std::logic_error("a row has another number of cells than the COPY has columns");
        }
        begin_row();
        (add(cells), ...);
        end_row();
    }

  protected:
    explicit RowWriter(std::vector<ColumnType> types) : types_(std::move(types)) {}
    /// A whole row was appended to `buffer`.
    virtual void end_row() = 0;
    /// A DeferredId's eight bytes begin at this place of `buffer`.
    virtual void note_later(std::size_t place) = 0;
    std::string& buffer() { return buffer_; }
    const std::string& buffer() const { return buffer_; }

  private:
    void begin_row();
    /// The next column's type. @throws StatementError when it is none of `wanted`
    ColumnType next(std::initializer_list<ColumnType> wanted, std::string_view what);
    void put_null();
    void put_boolean(bool value);
    void put_signed(std::int64_t value);
    void put_unsigned(std::uint64_t value);

    template <std::same_as<bool> T>  // no pointer shall become one
    void add(T value) {
        put_boolean(value);
    }
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    void add(T value) {
        if constexpr (std::is_signed_v<T>) {
            put_signed(value);
        } else {
            put_unsigned(value);
        }
    }
    void add(BlockNum value) { put_unsigned(value.value); }
    void add(const U256& value);
    void add(Timestamp value);
    void add(std::string_view value);
    void add(BytesView value);
    template <std::size_t N, class Tag>
    void add(const FixedBytes<N, Tag>& value) {
        add(value.view());
    }
    template <class T>
    void add(const std::optional<T>& value) {
        if (value) {
            add(*value);
        } else {
            put_null();
        }
    }
    void add(std::nullopt_t) { put_null(); }
    void add(DeferredId);

    std::vector<ColumnType> types_;
    std::size_t at_ = 0;  ///< the next cell's column
    std::string buffer_;
};

/// Rows that are made before their transaction, by whatever thread. Txn::copy_shape gives their shape,
/// Txn::copy writes them.
class EncodedRows final : public RowWriter {
  public:
    explicit EncodedRows(CopyShape shape) : RowWriter(shape.types), shape_(std::move(shape)) {}
    const CopyShape& shape() const { return shape_; }
    /// One after the other, as a COPY takes them.
    std::string_view bytes() const { return buffer(); }
    /// The numbers for each DeferredId, in their order; again: other ones. Without it they are 0.
    /// @throws std::logic_error when there are more or fewer
    void fill(const std::vector<std::int64_t>& numbers);

  private:
    void end_row() override {}
    void note_later(std::size_t place) override { later_.push_back(place); }

    CopyShape shape_;
    std::vector<std::size_t> later_;
};

}  // namespace lamda::store
