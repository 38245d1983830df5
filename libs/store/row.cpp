// Implements Row and Rows (store/database.hpp): conversion from PostgreSQL's text form.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/hex_digit.hpp"
#include "store/detail/connection.hpp"
#include "store/detail/rows.hpp"

namespace lamda::store {

namespace {

[[noreturn]] void wrong(std::string_view column, std::string_view what) {
    throw StatementError(fmt::format("PostgreSQL: column {} is not {}", column, what));
}

template <class T>
void read_number(std::string_view column, std::string_view text, T& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size()) {
        wrong(column, "a number in range");
    }
}

void read_hex(std::string_view column, std::string_view digits, std::uint8_t* out) {
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const int high = hex_digit(digits[i]);
        const int low = hex_digit(digits[i + 1]);
        if (high < 0 || low < 0) {
            wrong(column, "a byte string");
        }
        *out++ = static_cast<std::uint8_t>(high * 16 + low);
    }
}

/// Returns the digits of `\x…`.
std::string_view hex_digits(std::string_view column, std::string_view text) {
    if (!text.starts_with("\\x") || text.size() % 2 != 0) {
        wrong(column, "a byte string");
    }
    return text.substr(2);
}

}  // namespace

bool Row::is_null(std::string_view column) const {
    return shared_->result[static_cast<int>(index_)][shared_->column(column)].is_null();
}

std::string_view Row::text(std::string_view column) const {
    const auto field = shared_->result[static_cast<int>(index_)][shared_->column(column)];
    if (field.is_null()) {
        throw StatementError(fmt::format("PostgreSQL: column {} is NULL", column));
    }
    return {field.c_str(), field.size()};
}

int Row::Shared::column(std::string_view name) const {
    for (int i = 0; i < static_cast<int>(names.size()); ++i) {
        if (names[static_cast<std::size_t>(i)] == name) {
            return i;
        }
    }
    throw StatementError(fmt::format("PostgreSQL: the result has no column {}", name));
}

void Row::read(std::string_view column, bool& out) const {
    const auto t = text(column);
    if (t != "t" && t != "f") {
        wrong(column, "a boolean");
    }
    out = t == "t";
}
void Row::read(std::string_view column, int& out) const {
    read_number(column, text(column), out);
}
void Row::read(std::string_view column, std::int64_t& out) const {
    read_number(column, text(column), out);
}
void Row::read(std::string_view column, std::uint64_t& out) const {
    read_number(column, text(column), out);
}
void Row::read(std::string_view column, std::uint32_t& out) const {
    read_number(column, text(column), out);
}
void Row::read(std::string_view column, std::string& out) const {
    out = text(column);
}
void Row::read(std::string_view column, BlockNum& out) const {
    read_number(column, text(column), out.value);
}

void Row::read(std::string_view column, Bytes& out) const {
    const auto digits = hex_digits(column, text(column));
    out.resize(digits.size() / 2);
    read_hex(column, digits, out.data());
}

void Row::read_exactly(std::string_view column, std::uint8_t* out, std::size_t size) const {
    const auto digits = hex_digits(column, text(column));
    if (digits.size() != 2 * size) {
        wrong(column, fmt::format("{} bytes long", size));
    }
    read_hex(column, digits, out);
}

void Row::read(std::string_view column, U256& out) const {
    try {
        if (auto value = u256_from_decimal(text(column))) {
            out = *value;
            return;
        }
    } catch (const std::range_error&) {
    } catch (const std::overflow_error&) {
    }
    wrong(column, "an unsigned 256-bit integer");
}

void Row::read(std::string_view column, Timestamp& out) const {
    // 2026-11-20 10:00:00.123456+00: the session is in UTC
    std::string t(text(column));
    if (t.size() < 22 || t[10] != ' ' || !t.ends_with("+00")) {
        wrong(column, "a timestamptz");
    }
    t[10] = 'T';
    t.replace(t.size() - 3, 3, "Z");
    const auto at = parse_rfc3339(t);
    if (!at) {
        wrong(column, "a timestamptz");
    }
    out = *at;
}

std::size_t Rows::size() const {
    return static_cast<std::size_t>(shared_->result.size());
}
std::size_t Rows::affected() const {
    return static_cast<std::size_t>(shared_->result.affected_rows());
}
Row Rows::operator[](std::size_t index) const {
    if (index >= size()) {
        throw StatementError(fmt::format("PostgreSQL: row {} of {}", index, size()));
    }
    return {shared_, index};
}

}  // namespace lamda::store
