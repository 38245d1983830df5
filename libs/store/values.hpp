// Converts values to the forms that PostgreSQL accepts.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/text_value.hpp"

namespace lamda::store {

/// Makes external text storable: UTF-8 without NUL, at most `most` bytes; invalid bytes become U+FFFD.
std::string storable(std::string_view text, std::size_t most = 4'096);

namespace detail {
/// Appends one element of an array literal: quoted, with `"` and `\` escaped.
void append_quoted(std::string& out, std::string_view text);
}  // namespace detail

/// Formats a range as an array literal, to be cast in the statement: `unnest($1::bytea[])` makes rows of it,
/// so that one statement writes any number of rows. `project` picks the stored part of each value.
template <class Range, class Project = std::identity>
std::string array_of(const Range& values, Project project = {}) {
    std::string out = "{";
    std::string cell;
    for (const auto& value : values) {
        if (out.size() > 1) {
            out += ',';
        }
        cell.clear();
        append_value(cell, std::invoke(project, value));
        detail::append_quoted(out, cell);
    }
    return out + "}";
}

}  // namespace lamda::store
