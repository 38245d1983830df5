#include "store/row_writer.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/bytes.hpp"
#include "store/database.hpp"

namespace lamda::store {

namespace {

/// Base of numeric's digits.
constexpr std::uint64_t kBase = 10'000;
/// From 1970 to 2000, the epoch of PostgreSQL's times.
constexpr std::int64_t kEpochMicros = 946'684'800'000'000;
constexpr char kJsonVersion = 1;
constexpr auto kNumbers = {ColumnType::kInteger, ColumnType::kBigint, ColumnType::kNumeric};

template <std::integral T>
std::array<char, sizeof(T)> big_endian(T value) {
    auto bits = static_cast<std::make_unsigned_t<T>>(value);
    std::array<char, sizeof(T)> bytes;
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) {
        *at = static_cast<char>(bits & 0xffU);
        bits = static_cast<std::make_unsigned_t<T>>(bits >> 8U);
    }
    return bytes;
}

template <std::integral T>
void put_big_endian(std::string& out, T value) {
    const auto bytes = big_endian(value);
    out.append(bytes.data(), bytes.size());
}

void put_length(std::string& out, std::size_t length) {
    if (length > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw StatementError("PostgreSQL: a cell of " + std::to_string(length) + " bytes");
    }
    put_big_endian(out, static_cast<std::int32_t>(length));
}

/// @param digits base 10,000, least significant first; none: 0
void put_numeric(std::string& out, std::vector<std::uint16_t>& digits, bool negative = false) {
    const auto all = digits.size();
    std::reverse(digits.begin(), digits.end());
    while (!digits.empty() && digits.back() == 0) {
        digits.pop_back();  // the weight gives their count
    }
    put_length(out, 4 * sizeof(std::int16_t) + digits.size() * sizeof(std::int16_t));
    put_big_endian(out, static_cast<std::int16_t>(digits.size()));
    put_big_endian(out, static_cast<std::int16_t>(all == 0 ? 0 : all - 1));
    put_big_endian(out, static_cast<std::uint16_t>(negative ? 0x4000 : 0));
    put_big_endian(out, std::int16_t{0});  // digits after the decimal point
    for (const auto digit : digits) {
        put_big_endian(out, digit);
    }
}

std::vector<std::uint16_t> digits_of(std::uint64_t value) {
    std::vector<std::uint16_t> out;
    for (; value != 0; value /= kBase) {
        out.push_back(static_cast<std::uint16_t>(value % kBase));
    }
    return out;
}

/// Long division by words of 32 bits: a remainder below kBase and a word fit into 64 bits.
std::vector<std::uint16_t> digits_of(const U256& value) {
    std::array<std::uint32_t, 8> words{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = static_cast<std::uint32_t>(value.limbs()[i / 2] >> (i % 2 * 32));
    }
    std::vector<std::uint16_t> out;
    for (std::size_t used = words.size(); used > 0;) {
        if (words[used - 1] == 0) {
            --used;
            continue;
        }
        std::uint64_t rest = 0;
        for (std::size_t i = used; i-- > 0;) {
            rest = rest << 32 | words[i];
            words[i] = static_cast<std::uint32_t>(rest / kBase);
            rest %= kBase;
        }
        out.push_back(static_cast<std::uint16_t>(rest));
    }
    return out;
}

[[noreturn]] void too_large(std::size_t column) {
    throw StatementError("PostgreSQL: the number for column " + std::to_string(column) + " is out of range");
}

}  // namespace

void RowWriter::begin_row() {
    at_ = 0;
    put_big_endian(buffer_, static_cast<std::int16_t>(types_.size()));
}

ColumnType RowWriter::next(std::initializer_list<ColumnType> wanted, std::string_view what) {
    const auto type = types_[at_++];
    if (std::find(wanted.begin(), wanted.end(), type) == wanted.end()) {
        throw StatementError("PostgreSQL: column " + std::to_string(at_) + " of the COPY does not accept a " +
                             std::string(what));
    }
    return type;
}

void RowWriter::put_null() {
    ++at_;
    put_big_endian(buffer_, std::int32_t{-1});
}

void RowWriter::put_boolean(bool value) {
    next({ColumnType::kBoolean}, "boolean");
    put_length(buffer_, 1);
    buffer_ += value ? '\1' : '\0';
}

void RowWriter::put_signed(std::int64_t value) {
    const auto type = next(kNumbers, "number");
    if (type == ColumnType::kInteger) {
        if (value < std::numeric_limits<std::int32_t>::min() ||
            value > std::numeric_limits<std::int32_t>::max()) {
            too_large(at_);
        }
        put_length(buffer_, sizeof(std::int32_t));
        put_big_endian(buffer_, static_cast<std::int32_t>(value));
    } else if (type == ColumnType::kBigint) {
        put_length(buffer_, sizeof(std::int64_t));
        put_big_endian(buffer_, value);
    } else {
        const auto size = static_cast<std::uint64_t>(value);
        auto digits = digits_of(value < 0 ? 0 - size : size);
        put_numeric(buffer_, digits, value < 0);
    }
}

void RowWriter::put_unsigned(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        put_signed(static_cast<std::int64_t>(value));
    } else if (next(kNumbers, "number") == ColumnType::kNumeric) {
        auto digits = digits_of(value);
        put_numeric(buffer_, digits);
    } else {
        too_large(at_);
    }
}

void RowWriter::add(const U256& value) {
    if (value <= std::numeric_limits<std::uint64_t>::max()) {
        put_unsigned(value.convert_to<std::uint64_t>());
        return;
    }
    if (next(kNumbers, "number") != ColumnType::kNumeric) {
        too_large(at_);
    }
    auto digits = digits_of(value);
    put_numeric(buffer_, digits);
}

void RowWriter::add(Timestamp value) {
    next({ColumnType::kTime}, "time");
    put_length(buffer_, sizeof(std::int64_t));
    put_big_endian(buffer_,
                   std::chrono::duration_cast<std::chrono::microseconds>(value.time_since_epoch()).count() -
                       kEpochMicros);
}

void RowWriter::add(std::string_view value) {
    if (next({ColumnType::kText, ColumnType::kJson}, "text") == ColumnType::kJson) {
        put_length(buffer_, value.size() + 1);
        buffer_ += kJsonVersion;
    } else {
        put_length(buffer_, value.size());
    }
    buffer_ += value;
}

void RowWriter::add(BytesView value) {
    next({ColumnType::kBytes}, "byte string");
    put_length(buffer_, value.size());
    buffer_.append(reinterpret_cast<const char*>(value.data()), value.size());
}

void RowWriter::add(DeferredId /*cell*/) {
    next({ColumnType::kBigint}, "deferred id");
    put_length(buffer_, sizeof(std::int64_t));
    note_deferred(buffer_.size());
    put_big_endian(buffer_, std::int64_t{0});
}

void EncodedRows::fill(const std::vector<std::int64_t>& numbers) {
    if (numbers.size() != deferred_.size()) {
        throw std::logic_error(std::to_string(numbers.size()) + " ids for " +
                               std::to_string(deferred_.size()) + " deferred cells");
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto bytes = big_endian(numbers[i]);
        std::copy(bytes.begin(), bytes.end(), buffer().begin() + static_cast<std::ptrdiff_t>(deferred_[i]));
    }
}

}  // namespace lamda::store
