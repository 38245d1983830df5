// RowWriter: encodes rows for COPY in PostgreSQL's binary form, cell by cell into one buffer, without
// temporary strings. The server parses no digits and dates: a sixth of its work for a wide row.
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

/// Target of a COPY: a table's columns, and the encoding of each.
struct CopyShape {
    std::string table;
    std::string columns;  ///< as written in the statement
    std::vector<ColumnType> types;
};

/// Cell of a bigint whose value is not known yet: EncodedRows::fill sets it.
struct DeferredId {};

/// Receives the rows of a COPY: Txn::copy and Txn::merge send them meanwhile, EncodedRows stores them.
class RowWriter {
  public:
    virtual ~RowWriter() = default;
    RowWriter(const RowWriter&) = delete;
    RowWriter& operator=(const RowWriter&) = delete;

    /// Writes one row: a cell for each column, empty optionals as NULL. Integers and U256 fit integer, bigint
    /// and numeric; text fits text and jsonb; the others fit one type each.
    /// @throws std::logic_error if the count of cells differs from the columns, StatementError if a column
    /// has another type or is too narrow
    template <class... Cells>
    void row(const Cells&... cells) {
        if (sizeof...(Cells) != types_.size()) {
            throw std::logic_error("the count of cells differs from the columns of the COPY");
        }
        begin_row();
        (add(cells), ...);
        end_row();
    }

  protected:
    explicit RowWriter(std::vector<ColumnType> types) : types_(std::move(types)) {}
    /// Called after a whole row was appended to `buffer`.
    virtual void end_row() = 0;
    /// Called when the eight bytes of a DeferredId begin at this place of `buffer`.
    virtual void note_deferred(std::size_t place) = 0;
    std::string& buffer() { return buffer_; }
    const std::string& buffer() const { return buffer_; }

  private:
    void begin_row();
    /// Returns the next column's type. @throws StatementError if it is none of `wanted`
    ColumnType next(std::initializer_list<ColumnType> wanted, std::string_view what);
    void put_null();
    void put_boolean(bool value);
    void put_signed(std::int64_t value);
    void put_unsigned(std::uint64_t value);

    template <std::same_as<bool> T>  // pointers must not convert to bool
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

/// Rows encoded before their transaction, on any thread. Txn::copy_shape gives their shape, Txn::copy writes
/// them.
class EncodedRows final : public RowWriter {
  public:
    explicit EncodedRows(CopyShape shape) : RowWriter(shape.types), shape_(std::move(shape)) {}
    const CopyShape& shape() const { return shape_; }
    /// Encoded rows, concatenated for a COPY.
    std::string_view bytes() const { return buffer(); }
    /// Sets the value of each DeferredId, in order; a second call overwrites them. Without a call they are 0.
    /// @throws std::logic_error if the count differs
    void fill(const std::vector<std::int64_t>& numbers);

  private:
    void end_row() override {}
    void note_deferred(std::size_t place) override { deferred_.push_back(place); }

    CopyShape shape_;
    std::vector<std::size_t> deferred_;
};

}  // namespace lamda::store
